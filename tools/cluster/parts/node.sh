# The node's first process: makes the inside of the namespaces, and starts everything; part of ../cluster.

run_node() {
    mount_cgroups
    mount_state
    set_up_network
    export PATH=$state/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    cd /
    start_programs
    # As the first process of a pid namespace, bash reaps whatever is left to it.
    while :; do wait || true; sleep 1; done
}

# What the kernel shows is this network namespace's, and our part of the cgroups.
mount_cgroups() {
    local hierarchy controllers names one
    hierarchy=$(hierarchies)
    mount -t sysfs sysfs /sys
    if [[ ${hierarchy%% *} == - ]]; then
        mount -t cgroup2 cgroup2 /sys/fs/cgroup
        mkdir -p /sys/fs/cgroup/init
        echo 1 >/sys/fs/cgroup/init/cgroup.procs
        sed 's/^/+/; s/ / +/g' /sys/fs/cgroup/cgroup.controllers >/sys/fs/cgroup/cgroup.subtree_control
        return
    fi
    mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
    while read -r controllers _; do
        names=${controllers#name=}
        mkdir "/sys/fs/cgroup/$names"
        case $controllers in name=*) controllers=none,$controllers ;; esac
        mount -t cgroup -o "$controllers" cgroup "/sys/fs/cgroup/$names"
        case $names in *,*) for one in ${names//,/ }; do ln -s "$names" "/sys/fs/cgroup/$one"; done ;; esac
    done <<<"$hierarchy"
}

# What programs write outside the state folder lands in it all the same.
mount_state() {
    local name
    # In memory: what dies with the node need not be written to a disk, nor be deleted from one, which takes longer.
    for name in containerd etcd; do mount -t tmpfs -o mode=711 tmpfs "$state/$name"; done
    mount --bind "$state/run" /run
    for name in lib log; do
        mkdir -p "$state/var/$name" "$state/var/$name.work"
        mount -t overlay overlay -o "lowerdir=/var/$name,upperdir=$state/var/$name,workdir=$state/var/$name.work" "/var/$name"
    done
}

set_up_network() {
    hostname $node
    echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6 || true
    echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6 || true
    ip link set lo up
    ip addr add $node_ip/32 dev lo
    ip addr add $service_ip/32 dev lo
    ip route add default dev lo src $node_ip # some programs insist on one; it leads nowhere
    touch /run/network-is-up
}

# Runs a program, and again whenever it ends.
keep() {
    local name=$1
    while :; do
        "$@" </dev/null >>"$state/logs/$name.log" 2>&1 || true
        echo "cluster: $name ended; it is started again" >>"$state/logs/$name.log"
        sleep 1
    done &
}

start_programs() {
    local pki=$state/pki
    start_store
    keep containerd --config "$state/containerd.toml" --log-level info
    until (exec 3<>/dev/tcp/127.0.0.1/2379) 2>/dev/null; do sleep 0.05; done
    start_api_server
    # Who starts before RBAC's own roles are there is refused, and backs off for seconds.
    until "$state/bin/kubectl" --kubeconfig "$pki/admin-inside.conf" get --raw /readyz >/dev/null 2>&1; do sleep 0.1; done
    start_controllers
    until [[ -S /run/containerd/containerd.sock ]]; do sleep 0.05; done
    keep kubelet --config="$state/kubelet.yaml" --kubeconfig="$pki/kubelet.conf" --root-dir="$state/kubelet" \
        --cert-dir="$state/kubelet/pki" --hostname-override=$node --node-ip=$node_ip
    keep coredns "$state/Corefile"
    # conntrack's own limits can be written in the first network namespace only
    keep kube-proxy --kubeconfig="$pki/proxy.conf" --proxy-mode=nftables --conntrack-max-per-core=0 --conntrack-min=0 \
        --cluster-cidr=$pod_subnet --hostname-override=$node --bind-address=$node_ip
}

start_store() {
    keep etcd --name=$node --data-dir="$state/etcd" --unsafe-no-fsync --log-level=warn \
        --listen-client-urls=http://127.0.0.1:2379 --advertise-client-urls=http://127.0.0.1:2379 \
        --listen-peer-urls=http://127.0.0.1:2380 --initial-advertise-peer-urls=http://127.0.0.1:2380 \
        --initial-cluster=$node=http://127.0.0.1:2380
}

start_api_server() {
    keep kube-apiserver --etcd-servers=http://127.0.0.1:2379 \
        --bind-address=0.0.0.0 --secure-port=443 --advertise-address=$node_ip \
        --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" \
        --client-ca-file="$pki/ca.crt" --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction \
        --service-account-key-file="$pki/sa.key" --service-account-signing-key-file="$pki/sa.key" \
        --service-account-issuer=https://kubernetes.default.svc.cluster.local \
        --kubelet-client-certificate="$pki/apiserver-kubelet-client.crt" \
        --kubelet-client-key="$pki/apiserver-kubelet-client.key" --kubelet-preferred-address-types=InternalIP \
        --requestheader-client-ca-file="$pki/ca.crt" --requestheader-allowed-names=nobody \
        --requestheader-username-headers=X-Remote-User --requestheader-group-headers=X-Remote-Group \
        --requestheader-extra-headers-prefix=X-Remote-Extra- \
        --service-cluster-ip-range=$service_subnet --allow-privileged=true --profiling=false
}

start_controllers() {
    # Since RBAC's roles are per controller, each needs its own account; with the usual limit of 20 requests a second
    # the manager alone takes five seconds to start with them.
    keep kube-controller-manager --kubeconfig="$pki/controller-manager.conf" \
        --authentication-kubeconfig="$pki/controller-manager.conf" \
        --authorization-kubeconfig="$pki/controller-manager.conf" \
        --service-account-private-key-file="$pki/sa.key" --root-ca-file="$pki/ca.crt" \
        --use-service-account-credentials=true --kube-api-qps=500 --kube-api-burst=1000 \
        --leader-elect=false --bind-address=127.0.0.1 --profiling=false
    keep kube-scheduler --kubeconfig="$pki/scheduler.conf" \
        --authentication-kubeconfig="$pki/scheduler.conf" --authorization-kubeconfig="$pki/scheduler.conf" \
        --leader-elect=false --bind-address=127.0.0.1 --profiling=false
}
