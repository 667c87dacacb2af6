package httpapi

import (
	"errors"
	"io"
	"net/http"

	"vpm/core"
)

const (
	// maxBody is the largest body that is read, in bytes.
	maxBody = 100_000
	// maxDrain is how much of a larger one is read and thrown away, so that the client, who may read the
	// answer only after sending everything, gets it.
	maxDrain = 16 << 20
)

// readBody reads the whole body. It must be as long as the client said: a truncated upload reads short
// without an error under CGI.
func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if len(body) > maxBody {
		io.CopyN(io.Discard, r.Body, maxDrain)
		return nil, core.Errorf(codeTooLarge, "cannot accept a body of more than %d bytes", maxBody)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || err == nil && r.ContentLength >= 0 && int64(len(body)) != r.ContentLength {
		return nil, core.Errorf(core.CodeInvalid, "cannot use the body: %d bytes of it arrived and Content-Length says %d", len(body), r.ContentLength)
	}
	if err != nil {
		return nil, core.Errorf(core.CodeInvalid, "cannot read the body").Because(err)
	}
	return body, nil
}
