package store

import "testing"

// TestColumnsOfOtherKinds: a driver may give a number as a text and a text as a number, and neither is lost.
func TestColumnsOfOtherKinds(t *testing.T) {
	t.Parallel()
	for _, v := range []any{[]byte("7"), "7", float64(7)} {
		if n := (number{}); n.Scan(v) != nil || n != (number{7, true}) {
			t.Errorf("%T %v is read as %+v", v, v, n)
		}
	}
	if n := (number{9, true}); n.Scan("seven") == nil {
		t.Errorf("what is no number is read as %+v", n)
	}
	for v, want := range map[any]string{int64(7): "7", 7.5: "7.5", true: "true"} {
		if w := (word{}); w.Scan(v) != nil || w != (word{want, true}) {
			t.Errorf("%T %v is read as %+v", v, v, w)
		}
	}
	if w := (word{}); w.Scan(struct{}{}) == nil {
		t.Errorf("what is no text is read as %+v", w)
	}
}
