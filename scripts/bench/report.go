package main

import (
	_ "embed"
	"fmt"
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

//go:embed found.md
var found string

//go:embed coverage.md
var coverage string

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
	return render(filepath.Join(docs, "results.md"), reportText, map[string]any{"Results": r, "Missed": missed, "Met": met, "Tried": tried, "Found": found, "Coverage": coverage})
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
