package install

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
)

const (
	nginxSnippet = "/etc/nginx/snippets/vpm.conf"
	nginxHosts   = "/etc/nginx/vpm.d" // where provisioning writes for instances
)

// The marks of the block that is put into a server block or virtual host of the administrator. Taking out exactly this
// text, with the end of the line before it, gives the file back byte for byte.
const (
	blockBegin = "    # BEGIN vpm install"
	blockEnd   = "    # END vpm install"
	nginxBlock = "\n" + blockBegin + "\n    include " + nginxSnippet + ";\n" + blockEnd
)

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

// nginxSteps put the routing into every server block whose root is the upload's. served tells whether there is one.
func (p *Plan) nginxSteps(ctx context.Context, up upload) (served bool, err error) {
	const unit = "nginx.service"
	var edits []content
	for _, file := range nginxFiles(ctx) {
		plain, _ := withoutBlock([]byte(file.text))
		text := string(plain)
		servers := nginxServers(text)
		for i := len(servers) - 1; i >= 0; i-- {
			if s := servers[i]; filepath.Clean(s.root) == up.docroot {
				text = text[:s.open] + nginxBlock + text[s.open:]
			}
		}
		if text == string(plain) {
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
	if len(edits) == 0 {
		return false, nil
	}
	p.add(p.afterUndo("systemctl", "try-reload-or-restart", unit), dirStep(ofTree, nginxHosts, 0o755, "root", "root"),
		p.file(content{path: nginxSnippet, text: []byte(nginxText("/" + filepath.Base(up.dir) + "/")), mode: 0o644}, "nginx"))
	for _, c := range edits {
		p.add(p.file(c, "nginx"))
	}
	p.add(reload("nginx", unit, "/usr/sbin/nginx", "-t", "-q"))
	return true, nil
}

// nginxText sends all of the API's addresses to the server: nginx knows no .htaccess, so no file in there may be served.
func nginxText(at string) string {
	return fmt.Sprintf(`# vpm install wrote this: what lies below %[1]s is answered by vpm's server. vpm uninstall removes it.
location ^~ "%[1]s" {
    include fastcgi_params;
    fastcgi_param HTTP_PROXY "";
    fastcgi_connect_timeout 3s;
    fastcgi_read_timeout 330s;
    fastcgi_pass unix:%[2]s;
}
# What provisioning writes for instances.
include %[3]s/*.conf;
`, at, Socket, nginxHosts)
}
