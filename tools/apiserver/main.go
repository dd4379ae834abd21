// A kube-apiserver and the etcd that it stores in, as one program, for tests: real answers, without a cluster.
//
//	apiserver etcd FLAGS...     apiserver kube-apiserver FLAGS...
package main

import (
	"fmt"
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	if len(os.Args) > 1 {
		os.Args = os.Args[1:]
		switch os.Args[0] {
		case "etcd":
			etcdmain.Main(os.Args)
			return
		case "kube-apiserver":
			os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
		}
	}
	fmt.Fprintln(os.Stderr, "usage: apiserver etcd|kube-apiserver FLAGS...")
	os.Exit(2)
}
