package cli

import (
	"bytes"
	"encoding/json"
	"io"

	"go.yaml.in/yaml/v3"
)

// writeYAML writes JSON as YAML, with its order kept.
func writeYAML(w io.Writer, text json.RawMessage) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	n, err := yamlNode(d)
	if err != nil {
		return err
	}
	e := yaml.NewEncoder(w)
	e.SetIndent(2)
	if err := e.Encode(n); err != nil {
		return err
	}
	return e.Close()
}

// yamlNode reads the next value of d.
func yamlNode(d *json.Decoder) (*yaml.Node, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	n := &yaml.Node{}
	switch t {
	case json.Delim('{'):
		n.Kind, n.Tag = yaml.MappingNode, "!!map"
	case json.Delim('['):
		n.Kind, n.Tag = yaml.SequenceNode, "!!seq"
	default:
		return n, n.Encode(scalar(t))
	}
	for d.More() {
		sub, err := yamlNode(d)
		if err != nil {
			return nil, err
		}
		n.Content = append(n.Content, sub)
	}
	_, err = d.Token() // the end of it
	return n, err
}

// scalar is a token as YAML has it.
func scalar(t json.Token) any {
	number, ok := t.(json.Number)
	if !ok {
		return t
	}
	if i, err := number.Int64(); err == nil {
		return i
	}
	f, _ := number.Float64() // the decoder has checked its form; what is too large is infinite
	return f
}
