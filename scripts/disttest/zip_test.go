package disttest

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"debug/elf"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vpm/scripts/lab"
)

// program is what a program in a zip must be.
type program struct {
	os, arch string
	class    elf.Class
	machine  elf.Machine
}

var zips = map[string]map[string]program{
	"linux-amd64": {
		"api/vpm.cgi":     {"linux", "amd64", elf.ELFCLASS64, elf.EM_X86_64},
		"api/vpm-386.cgi": {"linux", "386", elf.ELFCLASS32, elf.EM_386},
		"api/vpm":         {"linux", "amd64", elf.ELFCLASS64, elf.EM_X86_64},
	},
	"linux-arm64": {
		"api/vpm.cgi": {"linux", "arm64", elf.ELFCLASS64, elf.EM_AARCH64},
		"api/vpm":     {"linux", "arm64", elf.ELFCLASS64, elf.EM_AARCH64},
	},
	"freebsd-amd64": {"api/vpm.cgi": {"freebsd", "amd64", elf.ELFCLASS64, elf.EM_X86_64}},
}

// pages gives what of public_html is uploaded as it is, with what the files hold.
func pages(t *testing.T) map[string]string {
	t.Helper()
	tree := map[string]string{}
	err := fs.WalkDir(os.DirFS(filepath.Join(sources, "public_html")), ".", func(name string, d fs.DirEntry, err error) error {
		switch match, _ := filepath.Match("api/*.cgi", name); {
		case err != nil || name == "." || match || name == "api/vpm":
			return err
		case d.IsDir():
			tree[name+"/"] = ""
			return nil
		}
		tree[name] = read(t, filepath.Join(sources, "public_html", name))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func TestZips(t *testing.T) {
	t.Parallel()
	tree := pages(t)
	for system, programs := range zips {
		z, err := zip.OpenReader(zipOf(system))
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		var names []string
		files := map[string][]byte{}
		for _, f := range z.File {
			names = append(names, f.Name)
			mode := fs.FileMode(0o644)
			switch {
			case strings.HasSuffix(f.Name, "/"):
				mode = fs.ModeDir | 0o755
			case strings.HasSuffix(f.Name, ".cgi"):
				mode = 0o755
			}
			if f.Mode() != mode {
				t.Errorf("%s: %s has the mode %v, want %v", system, f.Name, f.Mode(), mode)
			}
			data := content(t, f)
			files[f.Name] = data
			if p, ok := programs[f.Name]; ok {
				checkProgram(t, system+": "+f.Name, data, p)
			} else if string(data) != tree[f.Name] {
				t.Errorf("%s: %s is not that of public_html", system, f.Name)
			}
		}
		want := slices.Sorted(maps.Keys(tree))
		want = slices.Sorted(slices.Values(slices.AppendSeq(want, maps.Keys(programs))))
		if !slices.Equal(names, want) {
			t.Errorf("%s holds %q, want %q", system, names, want)
		}
		checkServer(t, system, files)
	}
}

// checkServer wants that the programs that are uploaded know the checksum of the server that comes with them.
func checkServer(t *testing.T, system string, files map[string][]byte) {
	t.Helper()
	server, comes := files["api/vpm"]
	sum := fmt.Appendf(nil, "%x", sha256.Sum256(server))
	for name, data := range files {
		if comes && strings.HasSuffix(name, ".cgi") && !bytes.Contains(data, sum) {
			t.Errorf("%s: %s does not know the checksum of api/vpm", system, name)
		}
	}
}

func content(t *testing.T, f *zip.File) []byte {
	t.Helper()
	r, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func checkProgram(t *testing.T, name string, data []byte, want program) {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if f.Class != want.class || f.Machine != want.machine || f.Type != elf.ET_EXEC {
		t.Errorf("%s is %v %v %v", name, f.Class, f.Machine, f.Type)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("%s is not static: it has %v", name, p.Type)
		}
	}
	if f.Section(".debug_info") != nil || f.Section(".symtab") != nil {
		t.Errorf("%s holds symbols", name)
	}
	info, err := buildinfo.Read(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	if settings["GOOS"] != want.os || settings["GOARCH"] != want.arch || settings["CGO_ENABLED"] != "0" || settings["-trimpath"] != "true" {
		t.Errorf("%s was built with %v", name, settings)
	}
	if !bytes.Contains(data, []byte(version)) {
		t.Errorf("%s does not know its version", name)
	}
	if bytes.Contains(data, []byte(sources)) {
		t.Errorf("%s tells where it was built", name)
	}
	// What switches is in the program that is switched to, and no other pays for it.
	if has := bytes.Contains(data, []byte("cannot switch to the 32-bit program")); has != (want.arch == "386") {
		t.Errorf("%s: the switch is in it: %v", name, has)
	}
}

func TestChecksums(t *testing.T) {
	t.Parallel()
	lines := strings.Split(strings.TrimSpace(read(t, filepath.Join(dist, "SHA256SUMS"))), "\n")
	// The zips, a Debian package for each Linux of 64 bits, the bill of materials, and the PHP class.
	files := len(zips) + len(debs) + 2
	if len(lines) != files {
		t.Errorf("SHA256SUMS has the lines %q", lines)
	}
	for _, line := range lines {
		sum, name, ok := strings.Cut(line, "  ")
		if !ok || sum != fmt.Sprintf("%x", sha256.Sum256([]byte(read(t, filepath.Join(dist, name))))) {
			t.Errorf("%q is wrong", line)
		}
	}
	if got := len(strings.Fields(list(t, dist))); got != files+1 {
		t.Errorf("dist holds %s", list(t, dist))
	}
}

// Neither where the sources lie, nor their modes, nor the environment is in the files.
func TestSameSourcesSameBytes(t *testing.T) {
	t.Parallel()
	copied := filepath.Join(t.TempDir(), "elsewhere")
	if err := copySources(sources, copied, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(copied, "public_html", "api", "vpm.cgi"), []byte("built here"), 0o600); err != nil {
		t.Fatal(err)
	}
	again := filepath.Join(t.TempDir(), "dist")
	if err := makeDist(copied, again, "TZ=Asia/Kolkata", "GO386=softfloat"); err != nil {
		t.Fatal(err)
	}
	if got, want := read(t, filepath.Join(again, "SHA256SUMS")), read(t, filepath.Join(dist, "SHA256SUMS")); got != want {
		t.Errorf("a second build has the checksums\n%s, want\n%s", got, want)
	}
}

// TestServerIsNotServed: visitors neither get the server's program nor run it, as uploaded and where somebody has made it
// executable.
func TestServerIsNotServed(t *testing.T) {
	t.Parallel()
	host := startUploaded(t, lab.Options{})
	for _, mode := range []fs.FileMode{0o644, 0o755} {
		if err := os.Chmod(api(host, "vpm"), mode); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/api/vpm", "/api/vpm/", "/api/vpm/x.php", "/api//vpm?version", "/api/./v%70m"} {
			for _, method := range []string{"GET", "POST"} {
				r, err := do(method, host.URL+path)
				if err != nil || r.status != 403 && r.status != 404 || strings.Contains(r.text, "ELF") {
					t.Errorf("%s %s with mode %v = %d %.100q, %v", method, path, mode, r.status, r.text, err)
				}
			}
		}
	}
	if err := asking(host)(); err != nil {
		t.Error(err)
	}
}
