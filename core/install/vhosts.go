package install

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// apacheFragments is where provisioning puts an instance's part of a host's configuration: HOST/*.conf, or *.conf for
// hosts without a name.
const apacheFragments = "/etc/apache2/vpm.d"

// virtualHost is a <VirtualHost> section: where its text begins, the names it answers to and its document root.
type virtualHost struct {
	open    int
	names   []string // without patterns
	docroot string
}

// virtualHosts finds the sections in a file of Apache's configuration, in which every directive has a line.
func virtualHosts(text string) (list []virtualHost) {
	var in *virtualHost
	at := 0
	for line := range strings.Lines(text) {
		at += len(line)
		f := strings.Fields(line)
		switch {
		case len(f) == 0:
		case strings.EqualFold(f[0], "<VirtualHost") && strings.HasSuffix(line, "\n"):
			in = &virtualHost{open: at - 1} // what is put there begins with the line's end
		case in == nil:
		case strings.EqualFold(f[0], "</VirtualHost>"):
			list, in = append(list, *in), nil
		case len(f) == 2 && strings.EqualFold(f[0], "DocumentRoot"):
			in.docroot = filepath.Clean(strings.Trim(f[1], `"`))
		case strings.EqualFold(f[0], "ServerName"), strings.EqualFold(f[0], "ServerAlias"):
			for _, name := range f[1:] {
				if name = hostName(name); name != "" && !slices.Contains(in.names, name) {
					in.names = append(in.names, name)
				}
			}
		}
	}
	return list
}

// hostName gives the name of a ServerName, which may have a scheme and a port; "" for a pattern.
func hostName(s string) string {
	s = strings.ToLower(strings.Trim(s, `"`))
	if _, rest, found := strings.Cut(s, "://"); found {
		s = rest
	}
	s, _, _ = strings.Cut(s, ":")
	plain := s != "" && s[0] != '.' && !strings.Contains(s, "..")
	for _, c := range []byte(s) {
		plain = plain && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '.')
	}
	if !plain {
		return ""
	}
	return s
}

// virtualHostSteps have the virtual hosts read what instances bring: each those of its own names, and the ones without
// a name, or where all have one that of the upload, those of hosts that no virtual host names.
func (p *Plan) virtualHostSteps(up upload) error {
	type file struct {
		content
		hosts []virtualHost
	}
	var files []file
	unnamed := false
	for _, pattern := range []string{"/etc/apache2/sites-enabled/*", "/etc/httpd/conf.d/*.conf"} {
		found, _ := filepath.Glob(pattern) // the only error is a bad pattern
		for _, path := range found {
			real, err := filepath.EvalSymlinks(path)
			if err != nil || slices.ContainsFunc(files, func(f file) bool { return f.path == real }) {
				continue // Apache, too, reads no link that leads nowhere
			}
			text, err := os.ReadFile(real)
			if err != nil {
				return cannot("read "+path, err)
			}
			plain, _ := withoutBlock(text)
			c, err := like(real)
			if err != nil {
				return err
			}
			c.text = plain
			f := file{c, virtualHosts(string(plain))}
			for _, h := range f.hosts {
				unnamed = unnamed || len(h.names) == 0
			}
			files = append(files, f)
		}
	}
	var dirs []string
	var edits []content
	for _, f := range files {
		text := string(f.text)
		for _, h := range slices.Backward(f.hosts) {
			ours := h.docroot == up.docroot
			text = text[:h.open] + virtualHostBlock(h.names, len(h.names) == 0 || ours && !unnamed, ours, up) + text[h.open:]
			for _, name := range h.names {
				if dir := apacheFragments + "/" + name; !slices.Contains(dirs, dir) {
					dirs = append(dirs, dir)
				}
			}
		}
		if len(f.hosts) > 0 {
			f.text = []byte(text)
			edits = append(edits, f.content)
		}
	}
	for _, dir := range dirs {
		p.add(dirStep(ofDir, dir, 0o755, "root", "root"))
	}
	for _, c := range edits {
		p.add(p.file(c, web))
	}
	return nil
}

// virtualHostBlock is the marked block of a virtual host. The first Alias that fits counts, so one of an instance that
// has all of the host comes after those of the panel.
func virtualHostBlock(names []string, others, panel bool, up upload) string {
	var b strings.Builder
	b.WriteString("\n" + blockBegin + "\n")
	if panel {
		for _, name := range []string{filepath.Base(up.dir), "vpm"} {
			if dir := filepath.Join(up.docroot, name); isDir(dir) {
				b.WriteString("    Alias \"/" + name + "\" \"" + dir + "\"\n")
			}
		}
	}
	for _, name := range names {
		b.WriteString("    IncludeOptional " + apacheFragments + "/" + name + "/*.conf\n")
	}
	if others {
		b.WriteString("    IncludeOptional " + apacheFragments + "/*.conf\n")
	}
	b.WriteString(blockEnd)
	return b.String()
}
