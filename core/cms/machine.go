package cms

import "strings"

// certainty tells whether PHP runs what is being read.
type certainty uint8

const (
	runs    certainty = iota
	mayRun            // that depends on something which is not known here
	repeats           // as mayRun, and perhaps several times
	skipped
)

// The bounds of one reading, included files among them.
const (
	maxSteps    = 1_000_000 // tokens, and elements of arrays that were copied
	maxFiles    = 16
	maxIncludes = 4 // within each other
)

// machine holds what a configuration has set so far. It follows the text in the order in which PHP runs it and computes
// what can be computed without running anything; all else is unknown, and so is what an unknown condition decides.
type machine struct {
	constants map[string]constant
	variables map[string]value
	classes   map[string]map[string]value // by name in lower case; properties by name, constants as "::NAME"

	env    func(name string) (string, bool)
	read   func(path string) (string, error) // the text of an included file
	exists func(path string) bool

	steps  int
	failed bool // the text is too long or too deeply nested
	// blind is set once PHP may have run code that was not read. From then on nothing is known to be unset.
	blind    bool
	over     certainty // skipped: the script has ended
	included map[string]bool
	within   int // included files
}

type constant struct {
	value value
	sure  bool // it is set; otherwise it may be
}

func newMachine(env func(string) (string, bool)) *machine {
	return &machine{
		constants: map[string]constant{}, variables: map[string]value{}, classes: map[string]map[string]value{},
		env: env, included: map[string]bool{},
	}
}

// preset defines a constant that the CMS has defined before it reads its configuration.
func (m *machine) preset(name, text string) {
	m.constants[name] = constant{value{kind: kindText, s: text}, true}
}

// run reads a file and gives whether all of it could be followed.
func (m *machine) run(path, src string) bool {
	m.included[path] = true
	p := &script{machine: m, lx: lexer{src: src}, path: path}
	p.run()
	return !m.failed
}

// define sets a constant unless it is set already: PHP keeps the first value.
func (m *machine) define(name string, v value, c certainty) {
	old, there := m.constants[name]
	same, known := identical(old.value, v)
	switch {
	case c == skipped || old.sure:
	case there && !(same && known):
		m.constants[name] = constant{value{}, c == runs}
	default:
		m.constants[name] = constant{v, c == runs}
	}
}

func (m *machine) constant(name string) value {
	if c := m.constants[name]; c.sure {
		return c.value
	}
	if name == "DIRECTORY_SEPARATOR" {
		return textOf("/")
	}
	return value{}
}

// isDefined is unknown for constants of PHP itself: they are not listed here.
func (m *machine) isDefined(name string) value {
	c, there := m.constants[name]
	switch {
	case c.sure:
		return boolOf(true)
	case there, m.blind, strings.HasPrefix(name, "PHP_"):
		return value{}
	}
	return boolOf(false)
}
