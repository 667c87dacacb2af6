package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// billOfMaterials lists the modules in CycloneDX, with the programs each is in. It has no serial number and the time of
// the sources, so that it is the same for the same sources.
func billOfMaterials(version string, date time.Time, modules []module) ([]byte, error) {
	own := cdx.Component{BOMRef: "vpm@" + version, Type: cdx.ComponentTypeApplication, Name: "vpm", Version: version,
		Description: "Virtual Process Manager: starts, stops and watches the CMS sites of a host"}
	components := make([]cdx.Component, 0, len(modules))
	refs := make([]string, 0, len(modules))
	needs := []cdx.Dependency{{Ref: own.BOMRef, Dependencies: &refs}}
	for _, m := range modules {
		url := "pkg:golang/" + m.path + "@" + m.version
		c := cdx.Component{BOMRef: url, Type: cdx.ComponentTypeLibrary, Name: m.path, Version: m.version, PackageURL: url,
			Scope: cdx.ScopeRequired, Licenses: &cdx.Licenses{{Expression: m.licence}}}
		if m.sum != "" {
			sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(m.sum, "h1:"))
			if err != nil {
				return nil, fmt.Errorf("cannot read the checksum of %s: %w", m.path, err)
			}
			c.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(sum)}}
		}
		var in []cdx.Property
		for _, p := range m.programs {
			in = append(in, cdx.Property{Name: "vpm:linked-into", Value: p})
		}
		c.Properties = &in
		components = append(components, c)
		refs = append(refs, url)
		needs = append(needs, cdx.Dependency{Ref: url})
	}
	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{Timestamp: date.Format(time.RFC3339), Component: &own}
	bom.Components, bom.Dependencies = &components, &needs
	var out bytes.Buffer
	err := cdx.NewBOMEncoder(&out, cdx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bom, cdx.SpecVersion1_6)
	return out.Bytes(), err
}
