// Reads manifests of Flux from standard input, strictly, into Flux's own types: a field that they do not have is an error.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	kustomize "github.com/fluxcd/kustomize-controller/api/v1"
	"sigs.k8s.io/yaml"
)

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		fail(err)
	}
	for _, document := range bytes.Split(text, []byte("\n---\n")) {
		var found kustomize.Kustomization
		if err := yaml.UnmarshalStrict(document, &found); err != nil {
			fail(err)
		}
		kind := kustomize.GroupVersion.WithKind(kustomize.KustomizationKind)
		if found.GroupVersionKind() != kind {
			fail(fmt.Errorf("%s is not %s", found.GroupVersionKind(), kind))
		}
		for _, other := range found.Spec.DependsOn {
			fmt.Println(found.Name, "depends on", other.Name)
		}
		fmt.Println(found.Name, "interval", found.GetRetryInterval(), "timeout", found.GetTimeout())
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
