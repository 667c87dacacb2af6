package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
)

// results are all that a run has measured, as -json writes and -report reads them.
type results struct {
	Machine machine `json:"machine"`
	Rounds  int     `json:"rounds"`
	Tables  []table `json:"tables"`
	Plots   []plot  `json:"plots"`
}

// table is one section. Times are in ms where nothing else is said.
type table struct {
	Group   string   `json:"group"` // what -only names
	Title   string   `json:"title"`
	Columns []string `json:"columns"` // beyond the name of a row
	Rows    []row    `json:"rows"`
}

// row is a name and its cells: numbers, spreads and texts. The last two are a goal and its verdict where the columns are.
type row []any

// text writes a cell for people.
func text(cell any) string {
	switch v := cell.(type) {
	case nil:
		return "-"
	case float64:
		return number(v)
	case spread:
		return v.String()
	case map[string]any: // a spread that was read from a file
		least, _ := v["least"].(float64)
		median, _ := v["median"].(float64)
		greatest, _ := v["greatest"].(float64)
		return spread{least, median, greatest}.String()
	}
	return fmt.Sprint(cell)
}

func (r row) texts() []string {
	list := make([]string, len(r))
	for i, cell := range r {
		list[i] = text(cell)
	}
	return list
}

// print writes one section of the table, and keeps it.
func (b *bench) print(title string, columns []string, rows []row) error {
	b.results.Tables = append(b.results.Tables, table{b.group, title, columns, rows})
	w := tabwriter.NewWriter(b.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\n%s\t%s\n", strings.ToUpper(title), strings.Join(columns, "\t"))
	for _, r := range rows {
		fmt.Fprintln(w, strings.Join(r.texts(), "\t"))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("cannot print the table: %w", err)
	}
	return nil
}

// missed are the rows whose goal was not met, and met is how many others have one.
func (r *results) missed() (list []string, met int) {
	for _, t := range r.Tables {
		for _, cells := range t.Rows {
			switch cells[len(cells)-1] {
			case verdict(true):
				met++
			case verdict(false):
				list = append(list, fmt.Sprintf("%s: %s", t.Title, cells[0]))
			}
		}
	}
	return list, met
}

func (r *results) save(path string) error {
	data, err := json.MarshalIndent(r, "", " ")
	if err == nil {
		err = os.WriteFile(path, append(data, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("cannot save what was measured: %w", err)
	}
	return nil
}

func readResults(path string) (*results, error) {
	var r results
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read what was measured: %w", err)
	}
	return &r, nil
}
