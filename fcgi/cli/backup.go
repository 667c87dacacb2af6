package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"vpm/core"
)

// Panel says which panel of this machine is meant: by its settings, "" searches them, and the document root.
type Panel struct{ Config, Docroot string }

// Backups makes and restores backups of this machine's panel as files that whoever runs the command names.
type Backups struct {
	// Save makes a backup at path, "-" for stdout. CodeConflict: something is there. The history has it by name.
	Save func(ctx context.Context, p Panel, path, name string) (rows int, err error)
	// Restore puts the backup at path, "-" for stdin, into an empty panel, or with replace in the place of all that it
	// has. A dry run only looks whether the backup is whole.
	Restore func(ctx context.Context, p Panel, path string, replace, dry bool) (rows int, madeAt time.Time, err error)
}

type saved struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
	File    string `json:"file"`
	Rows    int    `json:"rows"`
}

type restored struct {
	Success bool      `json:"success"`
	Message string    `json:"message"`
	Rows    int       `json:"rows"`
	MadeAt  time.Time `json:"made_at"`
}

// newBackup is "vpm backup".
func newBackup(local Local, b Backups) *cobra.Command {
	name := ""
	cmd := &cobra.Command{Use: "backup [FILE]", Short: "Keep the panel's own state in a file: instances, users and history, not the sites",
		Long: "Keep the panel's own state in a file: instances, users and history, not the sites. FILE is made, - is stdout. Without it, and with --url, the " +
			"file is made in the data directory of the panel.", Args: cobra.MaximumNArgs(1)}
	asking(local, cmd, func(c *call) error {
		if len(c.args) > 0 {
			return core.Errorf(core.CodeInvalid, "cannot make a backup of another machine's panel here: without FILE it is made there")
		}
		return perform(c, change{path: "backup", body: map[string]any{}, doing: "Making a backup"}, savedBlocks)
	})
	cmd.Flags().StringVar(&name, "name", "", "what the history calls it")
	_ = cmd.Flags().MarkHidden("name") // the flag is there
	otherwise := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		p, here := panelHere(cmd)
		if len(args) == 0 || !here {
			return otherwise(cmd, args)
		}
		s := screenOf(cmd)
		end := s.progress("Making a backup")
		rows, err := b.Save(cmd.Context(), p, args[0], cmp.Or(name, args[0]))
		end()
		if err != nil || args[0] == "-" {
			return ForPeople(err)
		}
		return ForPeople(answer(s, saved{true, "Backup made; keep it as safe as a password", args[0], rows}, savedBlocks))
	}
	return cmd
}

func savedBlocks(a saved) []block {
	var f fields
	f.add("file", text(a.File))
	f.add("rows", text(strconv.Itoa(a.Rows)))
	return []block{joined{line{text: a.Message}, f}}
}

// newRestore is "vpm restore".
func newRestore(local Local, b Backups) *cobra.Command {
	replace := false
	cmd := &cobra.Command{Use: "restore FILE", Short: "Bring back a backup, all or nothing",
		Long: "Bring back a backup, all or nothing: of an older version or this one, whatever the database. FILE is a file here, - is stdin, and with --url the " +
			"name of one in the data directory of that panel. Everybody has to log in afterwards as the backup has them.", Args: cobra.ExactArgs(1)}
	cmd.Flags().BoolVar(&replace, "replace", false, "put it in the place of all that the panel has")
	dryRun(cmd)
	asking(local, cmd, func(c *call) error {
		return perform(c, change{path: "restore", body: map[string]any{"file": c.args[0], "replace": replace}, needs: core.PermissionAll, doing: "Restoring"}, restoredBlocks)
	})
	otherwise := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		p, here := panelHere(cmd)
		if !here {
			return otherwise(cmd, args)
		}
		dry, _ := cmd.Flags().GetBool("dry-run") // the flag is there
		s := screenOf(cmd)
		end := s.progress("Restoring")
		rows, at, err := b.Restore(cmd.Context(), p, args[0], replace, dry)
		end()
		if err != nil {
			return ForPeople(err)
		}
		said := "Restored; log in as one of its users"
		if dry {
			said = "Nothing was changed. The backup is whole"
		}
		return ForPeople(answer(s, restored{true, said, rows, at}, restoredBlocks))
	}
	return cmd
}

func restoredBlocks(a restored) []block {
	var f fields
	f.add("made", text(moment(&a.MadeAt)))
	f.add("rows", text(strconv.Itoa(a.Rows)))
	return []block{joined{line{text: a.Message}, f}}
}

// answer shows what did not come from the API as if it did.
func answer[T any](s *screen, a T, table func(T) []block) error {
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return present(&call{screen: s}, text, nil, table)
}

// panelHere tells whether a command is about a panel of this machine, and which.
func panelHere(cmd *cobra.Command) (p Panel, here bool) {
	url := os.Getenv(urlVariable)
	for name, value := range map[string]*string{"config": &p.Config, "docroot": &p.Docroot} {
		*value, _ = cmd.Flags().GetString(name) // asking has made the flags
	}
	if cmd.Flags().Changed("url") {
		url, _ = cmd.Flags().GetString("url")
	}
	return p, url == ""
}

func screenOf(cmd *cobra.Command) *screen {
	f := formatTable
	if flag, ok := cmd.Flag("output").Value.(*format); ok {
		f = *flag
	}
	return newScreen(cmd, f)
}
