package main

import (
	_ "embed"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

//go:embed report.md.tmpl
var reportText string

//go:embed plot.svg.tmpl
var plotText string

//go:embed tried.md
var tried string

// writeReport makes results.md and the images below docs of what a run has saved.
func writeReport(file, docs string) error {
	r, err := readResults(file)
	if err != nil {
		return err
	}
	images := filepath.Join(docs, "images")
	if err := os.MkdirAll(images, 0o755); err != nil {
		return fmt.Errorf("cannot write the report: %w", err)
	}
	for _, p := range r.Plots {
		if err := render(filepath.Join(images, p.File+".svg"), plotText, p.draw()); err != nil {
			return err
		}
	}
	missed, met := r.missed()
	return render(filepath.Join(docs, "results.md"), reportText, map[string]any{"Results": r, "Missed": missed, "Met": met, "Tried": tried})
}

// render writes a file from a template.
func render(path, text string, data any) error {
	t, err := template.New(filepath.Base(path)).Funcs(template.FuncMap{"line": line, "dashes": dashes}).Parse(text)
	if err != nil {
		return fmt.Errorf("cannot write the report: %w", err)
	}
	var out strings.Builder
	if err := t.Execute(&out, data); err != nil {
		return fmt.Errorf("cannot write the report: %w", err)
	}
	if err := os.WriteFile(path, []byte(out.String()), 0o644); err != nil {
		return fmt.Errorf("cannot write the report: %w", err)
	}
	return nil
}

// line is a line of a Markdown table.
func line(cells any) string {
	var texts []string
	switch v := cells.(type) {
	case row:
		texts = v.texts()
	case []string:
		texts = v
	}
	for i, t := range texts {
		texts[i] = strings.ReplaceAll(t, "|", `\|`)
	}
	return "| " + strings.Join(texts, " | ") + " |"
}

// dashes rule off the head of a table: a name, and columns of numbers.
func dashes(columns []string) string { return "|---|" + strings.Repeat("---:|", len(columns)) }

// The picture, in pixels: the frame that curves lie in.
const (
	left, top, right, bottom = 64, 40, 540, 320
)

var colours = []string{"#2271b1", "#b32d2e", "#00a32a", "#996800", "#8c1aff", "#50575e"}

// drawing is a plot with logarithmic axes, in pixels.
type drawing struct {
	plot
	Left, Top, Right, Bottom int
	X, Y                     []gridLine
	Lines                    []drawnLine
}

type gridLine struct {
	At   float64
	Text string
}

type drawnLine struct {
	Name, Colour, Path string
	Dots               [][2]float64
	Legend             int
}

func (p plot) draw() drawing {
	least, most := [2]float64{math.Inf(1), math.Inf(1)}, [2]float64{math.Inf(-1), math.Inf(-1)}
	for _, c := range p.Curves {
		for _, point := range c.Points {
			for axis, v := range point {
				least[axis], most[axis] = min(least[axis], math.Log10(v)), max(most[axis], math.Log10(v))
			}
		}
	}
	for axis := range least { // whole powers of ten, so that slopes can be read
		least[axis], most[axis] = math.Floor(least[axis]+1e-9), math.Ceil(most[axis]-1e-9)
		most[axis] = max(most[axis], least[axis]+1)
	}
	x := func(v float64) float64 {
		return math.Round(left + (math.Log10(v)-least[0])/(most[0]-least[0])*(right-left))
	}
	y := func(v float64) float64 {
		return math.Round(bottom - (math.Log10(v)-least[1])/(most[1]-least[1])*(bottom-top))
	}
	d := drawing{plot: p, Left: left, Top: top, Right: right, Bottom: bottom}
	for e := least[0]; e <= most[0]; e++ {
		d.X = append(d.X, gridLine{x(math.Pow(10, e)), fmt.Sprintf("%.0f", math.Pow(10, e))})
	}
	for e := least[1]; e <= most[1]; e++ {
		d.Y = append(d.Y, gridLine{y(math.Pow(10, e)), fmt.Sprint(math.Pow(10, e))})
	}
	for i, c := range p.Curves {
		l := drawnLine{Name: c.Name, Colour: colours[i%len(colours)], Legend: top + 12 + 20*i}
		for j, point := range c.Points {
			at := [2]float64{x(point[0]), y(point[1])}
			l.Dots = append(l.Dots, at)
			l.Path += fmt.Sprintf("%s%g %g ", map[bool]string{true: "M", false: "L"}[j == 0], at[0], at[1])
		}
		d.Lines = append(d.Lines, l)
	}
	return d
}
