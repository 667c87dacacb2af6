package disttest

import (
	"archive/tar"
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// debs are the Debian packages and what their programs must be.
var debs = map[string]program{
	"amd64": {"linux", "amd64", elf.ELFCLASS64, elf.EM_X86_64},
	"arm64": {"linux", "arm64", elf.ELFCLASS64, elf.EM_AARCH64},
}

// debVersion is version as dpkg orders it.
const debVersion = "0.1+3.gabc+dirty"

func debOf(arch string) string { return filepath.Join(dist, "vpm_"+debVersion+"_"+arch+".deb") }

func command(t *testing.T, argv ...string) []byte {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), argv[0], argv[1:]...).Output()
	if err != nil {
		t.Fatalf("%q: %v", argv, err)
	}
	return out
}

func TestDebs(t *testing.T) {
	t.Parallel()
	tree := pages(t)
	for arch, want := range debs {
		fields := string(command(t, "dpkg-deb", "-f", debOf(arch), "Package", "Version", "Architecture", "Depends"))
		for _, line := range []string{"Package: vpm", "Version: " + debVersion, "Architecture: " + arch, "apache2 | nginx", "php-fpm"} {
			if !strings.Contains(fields, line) {
				t.Errorf("%s: the fields are\n%s, without %q", arch, fields, line)
			}
		}
		const uploaded = "./usr/lib/vpm/public_html/"
		files := map[string]string{"./usr/bin/vpm": "-> ../lib/vpm/vpm", "./usr/share/vpm": "-> ../lib/vpm/public_html",
			"./usr/lib/vpm/vpm": "program", uploaded + "api/vpm.cgi": "program", "./usr/share/doc/vpm/copyright": "copyright"}
		files["./usr/share/php/vpm/VirtualProcessManager.php"] = read(t, filepath.Join(sources, "scripts/php/VirtualProcessManager.php"))
		for name, text := range tree {
			if !strings.HasSuffix(name, "/") {
				files[uploaded+name] = text
			}
		}
		for _, name := range []string{"bash-completion/completions/vpm", "zsh/vendor-completions/_vpm", "fish/vendor_completions.d/vpm.fish",
			"man/man8/vpm.8.gz", "man/man8/vpm-install.8.gz"} {
			files["./usr/share/"+name] = "described"
		}
		for r := tar.NewReader(bytes.NewReader(command(t, "dpkg-deb", "--fsys-tarfile", debOf(arch)))); ; {
			h, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			checkPacked(t, arch, h, data, files, want)
			delete(files, h.Name)
		}
		if len(files) > 0 {
			t.Errorf("%s: the package is without %q", arch, slices.Sorted(maps.Keys(files)))
		}
	}
}

// checkPacked checks one file of a package against what files has of it.
func checkPacked(t *testing.T, arch string, h *tar.Header, data []byte, files map[string]string, want program) {
	t.Helper()
	text, known := files[h.Name]
	if strings.HasPrefix(h.Name, "./usr/share/man/man8/vpm-") && strings.HasSuffix(h.Name, ".8.gz") {
		text, known = "described", true
	}
	mode := int64(0o644)
	switch {
	case h.Typeflag == tar.TypeDir:
		known, mode = true, 0o755
	case h.Typeflag == tar.TypeSymlink:
		if mode = h.Mode; text != "-> "+h.Linkname {
			t.Errorf("%s: %s is a link to %s", arch, h.Name, h.Linkname)
		}
	case text == "program":
		mode = 0o755
		checkProgram(t, arch+": "+h.Name, data, want)
	case text == "described":
		if len(data) < 200 {
			t.Errorf("%s: %s is %q", arch, h.Name, data)
		}
	case text == "copyright":
		for _, name := range []string{"modernc.org/sqlite", "Go's standard library", "Permission is hereby granted", "Mozilla Public License"} {
			if !bytes.Contains(data, []byte(name)) {
				t.Errorf("%s: %s is without %q", arch, h.Name, name)
			}
		}
	case string(data) != text:
		t.Errorf("%s: %s is not that of the sources", arch, h.Name)
	}
	if !known || h.Mode != mode || h.Uid != 0 || h.Gid != 0 {
		t.Errorf("%s: the package has %s, %v of %d:%d", arch, h.Name, h.FileInfo().Mode(), h.Uid, h.Gid)
	}
}

// TestBillOfMaterials compares the bill with what the linker says of a program.
func TestBillOfMaterials(t *testing.T) {
	t.Parallel()
	var bill struct {
		BOMFormat, SpecVersion string
		Components             []struct {
			Name, Version, PURL string
			Licenses            []struct{ Expression string }
			Properties          []struct{ Value string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, filepath.Join(dist, "vpm-"+version+".cdx.json"))), &bill); err != nil {
		t.Fatal(err)
	}
	if bill.BOMFormat != "CycloneDX" || bill.SpecVersion != "1.6" {
		t.Errorf("the bill is in %s %s", bill.BOMFormat, bill.SpecVersion)
	}
	listed := map[string]bool{}
	for _, c := range bill.Components {
		if len(c.Licenses) != 1 || c.Licenses[0].Expression == "" || c.PURL != "pkg:golang/"+c.Name+"@"+c.Version {
			t.Errorf("a component is listed as %+v", c)
		}
		for _, p := range c.Properties {
			listed[p.Value+" "+c.Name+" "+c.Version] = true
		}
	}
	var program bytes.Buffer
	for r := tar.NewReader(bytes.NewReader(command(t, "dpkg-deb", "--fsys-tarfile", debOf("arm64")))); program.Len() == 0; {
		h, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if h.Name == "./usr/lib/vpm/vpm" {
			io.Copy(&program, r)
		}
	}
	info, err := buildinfo.Read(bytes.NewReader(program.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{"linux-arm64/vpm std " + strings.TrimPrefix(info.GoVersion, "go"): true}
	for _, d := range info.Deps {
		want["linux-arm64/vpm "+d.Path+" "+d.Version] = true
	}
	maps.DeleteFunc(listed, func(line string, _ bool) bool { return !strings.HasPrefix(line, "linux-arm64/vpm ") })
	if !maps.Equal(listed, want) {
		t.Errorf("the bill lists for the server on arm64\n%q, want\n%q", slices.Sorted(maps.Keys(listed)), slices.Sorted(maps.Keys(want)))
	}
}
