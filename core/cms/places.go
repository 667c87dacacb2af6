package cms

// place is a variable, or an element of an array in one.
type place struct {
	name string
	keys []*value // nil appends
	odd  bool     // it is none of these: a property, the result of a call, …
}

// get gives what the place holds: null where nothing has been set.
func (m *machine) get(at place) value {
	at = at.global()
	v, there := m.variables[at.name]
	switch {
	case at.odd || isInput(at.name):
		return value{}
	case (at.name == "_SERVER" || at.name == "_ENV") && len(at.keys) > 0 && at.keys[0] != nil:
		name, known := at.keys[0].text()
		if set := v.element(*at.keys[0]); !known || there && set.kind != kindNull {
			v = set
		} else {
			v = m.environment(name, kindNull)
		}
		at.keys = at.keys[1:]
	case !there && !m.blind:
		v = value{kind: kindNull}
	}
	for _, key := range at.keys {
		if key == nil {
			return value{}
		}
		v = v.element(*key)
	}
	return v
}

// set assigns to a place. What may be assigned, or not, is known only where that makes no difference.
func (m *machine) set(at place, v value, c certainty) {
	at = at.global()
	if c == skipped || at.odd {
		return
	}
	if c != runs {
		if same, known := identical(m.get(at), v); !same || !known || c == repeats {
			v = value{}
		}
	}
	old, there := m.variables[at.name]
	if !there && !(m.blind && len(at.keys) > 0) {
		old = value{kind: kindNull}
	}
	changed, cost := old.with(at.keys, v)
	m.variables[at.name] = changed
	m.steps += 4 * cost // a copied element takes about as long as four tokens
}

// global turns $GLOBALS['name'] into $name.
func (at place) global() place {
	if at.name != "GLOBALS" {
		return at
	}
	if len(at.keys) == 0 || at.keys[0] == nil {
		return place{odd: true}
	}
	name, known := at.keys[0].text()
	return place{name: name, keys: at.keys[1:], odd: at.odd || !known}
}

// isInput tells whether PHP fills the variable from the request.
func isInput(name string) bool {
	switch name {
	case "_GET", "_POST", "_COOKIE", "_REQUEST", "_FILES", "_SESSION", "argv", "argc":
		return true
	}
	return false
}
