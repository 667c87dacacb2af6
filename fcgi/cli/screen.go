package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"vpm/core"
)

// format is how answers are printed.
type format string

const (
	formatTable format = "table"
	formatJSON  format = "json"
	formatYAML  format = "yaml"
)

var formats = []string{string(formatTable), string(formatJSON), string(formatYAML)}

func (f *format) String() string { return string(*f) }

// Type is how help texts name it.
func (f *format) Type() string { return "format" }

// Set takes one of the three.
func (f *format) Set(s string) error {
	switch format(s) {
	case formatTable, formatJSON, formatYAML:
		*f = format(s)
		return nil
	}
	return core.Errorf(core.CodeInvalid, "it must be table, json or yaml")
}

// screen is where answers go.
type screen struct {
	out, err io.Writer
	format   format
	colours  bool
	width    int // of the terminal; 0: it is none, and nothing is cut
}

func newScreen(cmd *cobra.Command, f format) *screen {
	s := &screen{out: cmd.OutOrStdout(), err: cmd.ErrOrStderr(), format: f}
	if fd, ok := terminal(s.out); ok {
		s.colours = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" // https://no-color.org
		s.width, _, _ = term.GetSize(fd)                                       // 0: nothing is cut
	}
	return s
}

// terminal gives the descriptor of a stream that is one.
func terminal(stream any) (fd int, ok bool) {
	f, ok := stream.(*os.File)
	if !ok {
		return 0, false
	}
	return int(f.Fd()), term.IsTerminal(int(f.Fd()))
}

// show prints an answer as it is, or as the blocks that table makes of it.
func (s *screen) show(answer json.RawMessage, table func() ([]block, error)) error {
	var b bytes.Buffer
	switch s.format {
	case formatJSON:
		if err := json.Indent(&b, bytes.TrimSpace(answer), "", "  "); err != nil {
			return err
		}
		b.WriteByte('\n')
	case formatYAML:
		if err := writeYAML(&b, answer); err != nil {
			return err
		}
	default:
		blocks, err := table()
		if err != nil {
			return err
		}
		for i, block := range blocks {
			if i > 0 {
				b.WriteByte('\n')
			}
			block.write(&b, s)
		}
	}
	return s.write(b.Bytes())
}

func (s *screen) write(text []byte) error {
	if _, err := s.out.Write(text); err != nil {
		return core.Errorf(core.CodeUnavailable, "cannot write the answer: %w", err)
	}
	return nil
}

// clean makes a text that others chose fit for a terminal: one line, and nothing that the terminal would obey.
func clean(s string) string {
	if !strings.ContainsFunc(s, unseen) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if unseen(r) {
			return '·'
		}
		return r
	}, s)
}

func unseen(r rune) bool { return !unicode.IsPrint(r) && r != '\u200d' }

// colour is a meaning that a terminal shows as one.
type colour string

const (
	plain colour = ""
	good  colour = "\x1b[32m"
	bad   colour = "\x1b[31m"
	doubt colour = "\x1b[33m"
	faint colour = "\x1b[2m"
)

func (s *screen) paint(c colour, text string) string {
	if !s.colours || c == plain || text == "" {
		return text
	}
	return string(c) + text + "\x1b[0m"
}
