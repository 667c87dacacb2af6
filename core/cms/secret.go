package cms

import (
	"fmt"
	"io"
)

// Secret is text that shows itself to Reveal only: printed in any way, or as JSON, it is ***.
type Secret struct {
	// A pointer, because fmt calls no methods on what is in somebody's unexported field but prints it bare.
	text *string
}

const hidden = "***"

// NewSecret makes a Secret of text.
func NewSecret(text string) Secret { return Secret{&text} }

// Reveal gives the text.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

func (Secret) String() string { return hidden }

// GoString is what %#v prints.
func (Secret) GoString() string { return hidden }

// Format is what fmt prints whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, hidden) }

// MarshalText is what encoders and loggers write.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// MarshalJSON is what encoding/json writes.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }
