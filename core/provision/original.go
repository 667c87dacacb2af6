package provision

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"syscall"

	"vpm/core"
	"vpm/core/systemd"
	"vpm/htaccess"
)

// Originals closes and opens sites where they lie, for instances that have no process of their own, as the server's user.
// Its Set is for virtual.Runtime. The files are their owners', so root puts the gate there: for Apache into the site's
// .htaccess, which is the very file that an uploaded vpm.cgi changes, and for nginx, which reads none, where the gates of
// provisioned instances are.
type Originals struct {
	Paths Paths
	Units *systemd.Units
	// Shared tells whether a host's instances are included by the configuration for all hosts.
	Shared func(host string) bool
}

// original is where a site lies and is found that has no process of its own.
type original struct {
	Dir  string `json:"dir"`            // whose .htaccess takes the gate
	Host string `json:"host,omitempty"` // whose configuration includes nginx's gate, "" the one for all
	Only string `json:"only,omitempty"` // the host that it is for, where that configuration is for all
	Path string `json:"path"`           // where visitors find it: "/shop", or "/" for all of the host
}

// Set closes the site whose .htaccess is in dir, or opens it where closed is nil.
func (o Originals) Set(ctx context.Context, in core.Instance, dir string, closed *htaccess.Gate) error {
	slug, q := originalSlug(in.InstanceID), gateRequest{Original: o.original(in, dir), Gate: gate{Instance: in.InstanceID}}
	if closed != nil {
		q.Closed, q.Gate = true, gate(*closed)
	}
	request, err := json.Marshal(q)
	if err != nil {
		return err
	}
	if o.stands(dir, slug, closed, in.InstanceID) && (closed == nil || o.Paths.answered(slug, request) == nil) {
		return nil // ticks ask for the same again and again
	}
	return o.Paths.ask(ctx, o.Units, slug, request)
}

func (o Originals) original(in core.Instance, dir string) *original {
	at := &original{Dir: dir, Path: "/"}
	if u, err := url.Parse(in.URL()); err == nil && u.Host != "" {
		at.Host, at.Path = u.Hostname(), path.Clean("/"+u.Path)
	}
	if o.Shared != nil && o.Shared(at.Host) {
		at.Host, at.Only = "", at.Host
	}
	return at
}

// stands tells whether the .htaccess is as it should be, and of an open site that nginx has no gate of it either. A file
// that cannot be looked at is for root to look at.
func (o Originals) stands(dir, slug string, closed *htaccess.Gate, instance string) bool {
	file, there, err := peek(filepath.Join(dir, ".htaccess"))
	if err != nil {
		return false
	}
	data, exists, err := edited(file, there, closed, instance)
	if err != nil || exists != there || !bytes.Equal(data, file) {
		return false
	}
	return closed != nil || len(o.Paths.nginxGates(slug)) == 0
}

// peek reads a file whose directory is somebody else's: no link, and nothing that would keep us waiting.
func peek(path string) (data []byte, there bool, err error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && (!info.Mode().IsRegular() || info.Size() > largestHtaccess) {
		err = errors.New("it is not a small file")
	}
	if err != nil {
		return nil, false, err
	}
	data, err = io.ReadAll(io.LimitReader(f, largestHtaccess))
	return data, true, err
}

// nginxGates are the files of an instance's gates for nginx.
func (p Paths) nginxGates(slug string) (files []string) {
	for _, pattern := range []string{"/gate-", "/*/gate-"} {
		found, _ := filepath.Glob(p.Nginx.Fragments + pattern + slug + ".conf") // the only error is a bad pattern
		files = append(files, found...)
	}
	return files
}

// largestHtaccess bounds a file that is edited, in bytes.
const largestHtaccess = 4 << 20

// edited is an .htaccess with the gate in it, or without, beside those of other instances.
func edited(file []byte, exists bool, closed *htaccess.Gate, instance string) (data []byte, keep bool, err error) {
	if closed == nil {
		if !exists {
			return nil, false, nil
		}
		data, keep = htaccess.OpenShared(file, instance)
		return data, keep, nil
	}
	block, err := closed.Render()
	if err != nil {
		return nil, false, core.Errorf(core.CodeNotEffective, "cannot close the site: %w", err)
	}
	return htaccess.CloseShared(file, exists, block), true, nil
}

// originalSlug names the gate of an instance that has no slug. It follows from the id alone, so that no two instances
// come to the same.
func originalSlug(id string) string { return fmt.Sprintf("o%x", sha256.Sum256([]byte(id)))[:21] }
