# Certificates and configuration files, into the state folder; part of ../cluster.

write_settings() {
    mkdir -p "$state"/{cni,containerd,etcd,kubelet,logs/pods,run,pki,var}
    # PORT is put in by `up`: the forwarder takes a free one, and only then says which.
    # Not to go on, and make the folder again, when who started us is killed and what there is is removed.
    setpriv --pdeathsig KILL "$state/bin/kube" pki -dir "$state/pki" -node $node -server https://127.0.0.1 \
        -outside-server https://127.0.0.1:PORT -ips 127.0.0.1,$node_ip,$service_ip
    containerd_settings >"$state/containerd.toml"
    network_settings >"$state/cni/10-pods.conflist"
    dns_settings >"$state/Corefile"
    kubelet_settings >"$state/kubelet.yaml"
}

containerd_settings() {
    cat <<END
version = 3
root = "$state/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.nri.v1.nri"]
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "localhost/pause:1"
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true   # CAP_SYS_RESOURCE may be missing
  tolerate_missing_hugetlb_controller = true
  disable_hugetlb_controller = true
[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = ["$state/bin"]
  conf_dir = "$state/cni"
  use_internal_loopback = true
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
  BinaryName = "$state/bin/runc"
  SystemdCgroup = false
END
}

network_settings() {
    cat <<END
{"cniVersion": "1.0.0", "name": "pods", "plugins": [{
  "type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true,
  "ipam": {"type": "host-local", "dataDir": "/run/cni-addresses",
           "ranges": [[{"subnet": "$pod_subnet"}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}
END
}

# Without an answer for names outside the cluster, the resolver of glibc waits five seconds for each.
dns_settings() {
    cat <<END
. {
    bind $node_ip
    errors
    cache 5
    kubernetes cluster.local {
        kubeconfig $state/pki/admin-inside.conf
    }
    template ANY ANY {
        rcode NXDOMAIN
    }
}
END
}

kubelet_settings() {
    cat <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
cgroupDriver: cgroupfs
failCgroupV1: false
failSwapOn: false
authentication: {anonymous: {enabled: false}, webhook: {enabled: false}, x509: {clientCAFile: $state/pki/ca.crt}}
authorization: {mode: AlwaysAllow}   # for who has a certificate of this cluster
address: 0.0.0.0
readOnlyPort: 0
clusterDNS: [$node_ip]
clusterDomain: cluster.local
resolvConf: ""
podLogsDir: $state/logs/pods
volumePluginDir: $state/kubelet/volume-plugins
serializeImagePulls: false
imageGCHighThresholdPercent: 100     # no image and no pod goes because a developer's disk is full
imageGCLowThresholdPercent: 99
evictionHard: {memory.available: 100Mi, nodefs.available: "0%", nodefs.inodesFree: "0%", imagefs.available: "0%", imagefs.inodesFree: "0%"}
registryPullQPS: 0
eventRecordQPS: 0
nodeStatusUpdateFrequency: 10s
syncFrequency: 10s
END
}
