package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"mime"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/gorilla/schema"

	"vpm/core"
)

// decoder reads forms and queries. It remembers what it learnt of a type, so there is one.
var decoder = sync.OnceValue(func() *schema.Decoder {
	d := schema.NewDecoder()
	d.IgnoreUnknownKeys(true)
	return d
})

// decodeQuery fills dst from the query.
func (c *call) decodeQuery(dst any) error { return decodeValues(c.URL.Query(), dst) }

// decodeBody fills dst from a body: JSON whatever the Content-Type says, since the classic call is sent as
// text/plain and curl -d as a form; else a form. No body at all leaves dst empty.
func (c *call) decodeBody(dst any) error {
	body := bytes.TrimSpace(bytes.TrimPrefix(c.body, []byte("\uFEFF")))
	if len(body) == 0 {
		return nil
	}
	if !utf8.Valid(body) {
		return core.Errorf(core.CodeInvalid, "cannot read the body: it is not UTF-8")
	}
	if body[0] != '{' && isForm(c.Header.Get("Content-Type")) {
		values, err := url.ParseQuery(string(body))
		if err != nil {
			return core.Errorf(core.CodeInvalid, "cannot read the form: %w", err)
		}
		return decodeValues(values, dst)
	}
	return decodeJSON(body, dst)
}

func isForm(contentType string) bool {
	t, _, err := mime.ParseMediaType(contentType)
	return err == nil && t == "application/x-www-form-urlencoded"
}

func decodeJSON(body []byte, dst any) error {
	err := json.Unmarshal(body, dst)
	if err == nil && body[0] != '{' {
		return core.Errorf(core.CodeInvalid, "cannot read the JSON body: it must be an object")
	}
	if se, ok := errors.AsType[*json.SyntaxError](err); ok {
		return core.Errorf(core.CodeInvalid, "cannot read the JSON body: %s at %s", se.Error(), position(body, se.Offset))
	}
	if te, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if te.Field == "" {
			return core.Errorf(core.CodeInvalid, "cannot read the JSON body: it must be an object")
		}
		return core.Errorf(core.CodeInvalid, "cannot use field '%s': it must not be a %s", te.Field, te.Value)
	}
	if err != nil {
		return core.Errorf(core.CodeInvalid, "cannot read the JSON body: %w", err)
	}
	return nil
}

// position tells people where in the body the trouble is, counting bytes.
func position(body []byte, offset int64) string {
	before := body[:min(max(offset-1, 0), int64(len(body)))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return "line " + strconv.Itoa(line) + ", column " + strconv.Itoa(column)
}

func decodeValues(values url.Values, dst any) error {
	for name, list := range values {
		for _, v := range list {
			if !utf8.ValidString(v) {
				return core.Errorf(core.CodeInvalid, "cannot use field %q: it is not UTF-8", name)
			}
		}
	}
	err := decoder().Decode(dst, values)
	if me, ok := errors.AsType[schema.MultiError](err); ok {
		names := make([]string, 0, len(me))
		for name := range me {
			names = append(names, "'"+name+"'")
		}
		return core.Errorf(core.CodeInvalid, "cannot use field %s: it has a wrong form", strings.Join(names, ", "))
	}
	if err != nil {
		return core.Errorf(core.CodeInvalid, "cannot read the fields").Because(err)
	}
	return nil
}

// number is an integer that a client may also send as a string, as forms and many pages do.
type number int

// UnmarshalJSON accepts 60 and "60".
func (n *number) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	if err := n.UnmarshalText(bytes.Trim(b, `"`)); err != nil {
		return &json.UnmarshalTypeError{Value: "value that is no whole number", Type: reflect.TypeFor[int]()}
	}
	return nil
}

// UnmarshalText accepts decimal digits; nothing is 0.
func (n *number) UnmarshalText(b []byte) error {
	s := strings.TrimSpace(string(b))
	if s == "" {
		return nil
	}
	v, err := strconv.Atoi(s)
	if err != nil {
		return err
	}
	*n = number(v)
	return nil
}
