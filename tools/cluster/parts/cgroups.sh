# Cgroups of our own beneath the caller's, in each hierarchy; part of ../cluster.

cgroup=lockmaster-$(cksum <<<"$state" | cut -d' ' -f1)

# One line for each hierarchy: "CONTROLLERS MOUNT-POINT OUR-PATH". Version 2 has "-" for its controllers, and is left
# out where version 1 has them. (The branch for version 2 is written after its documentation; CI has version 1.)
hierarchies() {
    awk -v OFS=' ' '
        FILENAME == "/proc/self/mounts" && $3 == "cgroup" { n = split($4, o, ","); for (i = 1; i <= n; i++) at[o[i]] = $2; next }
        FILENAME == "/proc/self/mounts" && $3 == "cgroup2" && !v2 { v2 = $2; next }
        FILENAME == "/proc/self/cgroup" {
            match($0, /^[0-9]+:[^:]*:/); path = substr($0, RLENGTH + 1)
            split($0, f, ":"); split(f[2], c, ",")
            if (f[2] == "") v2path = path
            else if (c[1] in at) { print f[2], at[c[1]], path == "/" ? "" : path; v1 = 1 }
        }
        END { if (!v1 && v2) print "-", v2, v2path == "/" ? "" : v2path }
    ' /proc/self/mounts /proc/self/cgroup
}

# Makes them, and puts the calling shell into them.
enter_cgroups() {
    local controllers mount path dir file
    : >"$state/cgroups"
    while read -r controllers mount path; do
        dir=$mount$path/$cgroup
        echo "$dir" >>"$state/cgroups" # first the note, then the thing: `down` finds it whenever we are killed
        mkdir -p "$dir"
        for file in cpuset.cpus cpuset.mems; do # empty in a new cgroup of version 1, and then nothing may enter it
            [[ ! -e $dir/$file || $controllers == - ]] || cat "$mount$path/$file" >"$dir/$file"
        done
        echo "$BASHPID" >"$dir/cgroup.procs"
    done < <(hierarchies)
}

# Ends what is still in them (only the cluster's processes ever are), and removes them.
remove_cgroups() {
    local dir tries
    [[ -e $state/cgroups ]] || return 0
    while read -r dir; do
        for ((tries = 0; tries < 100; tries++)); do # the last processes take a moment to leave
            find "$dir" -name cgroup.procs -exec cat {} + 2>/dev/null | xargs -r kill -KILL 2>/dev/null || true
            find "$dir" -depth -type d -exec rmdir {} \; 2>/dev/null || true
            [[ -d $dir ]] || break
            sleep 0.1
        done
        [[ ! -d $dir ]] || say "the cgroup $dir cannot be removed"
    done <"$state/cgroups"
}
