package install

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

const nginxSnippet = "/etc/nginx/snippets/vpm.conf"

// The marks of the block that is put into a server block or virtual host of the administrator. Taking out exactly this
// text, with the end of the line before it, gives the file back byte for byte. Its last line ends, for what follows may be
// on the line that was open: a comment would swallow it.
const (
	blockBegin = "    # BEGIN vpm install"
	blockEnd   = "    # END vpm install\n"
)

// nginxFragments is what apacheFragments is for Apache.
const nginxFragments = "/etc/nginx/vpm.d"

// nginxBlock is the block of a server block: the API where its root is the upload's, and what instances bring.
func nginxBlock(s nginxServer, panel, others bool) string {
	lines := []string{"", blockBegin}
	if panel {
		lines = append(lines, "    include "+nginxSnippet+";")
	}
	for _, name := range s.names {
		lines = append(lines, "    include "+nginxFragments+"/"+name+"/*.conf;")
	}
	if others {
		lines = append(lines, "    include "+nginxFragments+"/*.conf;")
	}
	return strings.Join(append(lines, blockEnd), "\n")
}

// withoutBlock gives a file without our blocks, also one that was edited elsewhere since.
func withoutBlock(text []byte) (rest []byte, found bool) {
	var b strings.Builder
	left := string(text)
	for {
		before, after, begins := strings.Cut(left, "\n"+blockBegin+"\n")
		_, behind, ends := strings.Cut("\n"+after, "\n"+blockEnd)
		if !begins || !ends {
			b.WriteString(left)
			return []byte(b.String()), found
		}
		b.WriteString(before)
		left, found = behind, true
	}
}

// nginxFile is one file of the configuration in force.
type nginxFile struct {
	path string
	text string
}

// nginxFiles gives the files that nginx reads, none where it is not there or has an error.
func nginxFiles(ctx context.Context) (files []nginxFile) {
	if find("/usr/sbin/nginx") == "" {
		return nil
	}
	dump, err := run(ctx, "/usr/sbin/nginx", "-T", "-q")
	if err != nil {
		return nil
	}
	const head = "# configuration file "
	for line := range strings.Lines(dump) {
		if path, ok := strings.CutPrefix(line, head); ok && strings.HasSuffix(path, ":\n") {
			files = append(files, nginxFile{path: strings.TrimSuffix(path, ":\n")})
		}
	}
	for i := range files {
		files[i].text = readText(files[i].path)
	}
	return files
}

// nginxSteps put the routing into every server block whose root is the upload's, and have all read what instances bring,
// as virtualHostSteps does. served tells whether there is one with the upload.
func (p *Plan) nginxSteps(ctx context.Context, up upload) (served bool, err error) {
	const unit = "nginx.service"
	files, unnamed := nginxFiles(ctx), false
	for i := range files {
		plain, _ := withoutBlock([]byte(files[i].text))
		files[i].text = string(plain)
		for _, s := range nginxServers(files[i].text) {
			served = served || filepath.Clean(s.root) == up.docroot
			unnamed = unnamed || s.forOthers()
		}
	}
	if !served {
		return false, nil
	}
	var edits []content
	dirs := []string{nginxFragments}
	for _, file := range files {
		text := file.text
		for _, s := range slices.Backward(nginxServers(file.text)) {
			panel := filepath.Clean(s.root) == up.docroot
			if !panel && len(s.names) == 0 && !s.forOthers() {
				continue
			}
			text = text[:s.open] + nginxBlock(s, panel, s.forOthers() || panel && !unnamed) + text[s.open:]
			for _, name := range s.names {
				if dir := nginxFragments + "/" + name; !slices.Contains(dirs, dir) {
					dirs = append(dirs, dir)
				}
			}
		}
		if text == file.text {
			continue
		}
		path, err := filepath.EvalSymlinks(file.path)
		if err != nil {
			return false, cannot("read "+file.path, err)
		}
		c, err := like(path)
		if err != nil {
			return false, err
		}
		c.text = []byte(text)
		edits = append(edits, c)
	}
	p.add(p.afterUndo("systemctl", "try-reload-or-restart", unit),
		p.file(content{path: nginxSnippet, text: []byte(nginxText("/"+filepath.Base(up.dir)+"/", isDir(filepath.Join(up.docroot, "vpm")))), mode: 0o644}, "nginx"))
	for _, dir := range dirs {
		p.add(dirStep(ofDir, dir, 0o755, "root", "root"))
	}
	for _, c := range edits {
		p.add(p.file(c, "nginx"))
	}
	p.add(reload("nginx", unit, "/usr/sbin/nginx", "-t", "-q"))
	return true, nil
}

// nginxText sends all of the API's addresses to the server: nginx knows no .htaccess, so no file in there may be served. The
// panel's pages stay where they are also where an instance gets all else of the host.
func nginxText(at string, pages bool) string {
	text := ""
	if pages {
		text = "location ^~ \"/vpm/\" {\n    index index.html;\n}\n"
	}
	return fmt.Sprintf(`# vpm install wrote this: what lies below %[1]s is answered by vpm's server. vpm uninstall removes it.
location ^~ "%[1]s" {
    include fastcgi_params;
    fastcgi_param HTTP_PROXY "";
    fastcgi_connect_timeout 3s;
    fastcgi_read_timeout 330s;
    fastcgi_pass unix:%[2]s;
}
`, at, Socket) + text
}
