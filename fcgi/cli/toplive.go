package cli

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"golang.org/x/term"
)

// live shows the table until q is pressed. The terminal is given back as it was.
func (t *top) live(in int) error {
	was, err := term.MakeRaw(in)
	if err != nil {
		return err
	}
	fmt.Fprint(t.out, "\x1b[?1049h\x1b[?25l") // the other screen, no cursor
	defer func() {
		fmt.Fprint(t.out, "\x1b[?25h\x1b[?1049l")
		_ = term.Restore(in, was)
	}()
	keys := make(chan byte)
	go t.listen(keys)
	every := time.NewTicker(t.every)
	defer every.Stop()
	list, failed := []running(nil), error(nil)
	read := func() {
		if _, fresh, err := t.read(t.ctx); err == nil {
			list, failed = fresh, nil
		} else {
			failed = err
		}
	}
	for read(); ; {
		t.draw(list, failed)
		select {
		case <-t.ctx.Done():
			return nil
		case <-every.C:
			read()
		case key, open := <-keys:
			if !open || key == 'q' || key == 3 { // Ctrl-C is no signal now
				return nil
			}
			t.press(key)
		}
	}
}

// listen reads keys. It ends with the process.
func (t *top) listen(keys chan<- byte) {
	defer close(keys)
	one := make([]byte, 1)
	for {
		if _, err := t.cmd.InOrStdin().Read(one); err != nil {
			return
		}
		select {
		case keys <- one[0]:
		case <-t.ctx.Done():
			return
		}
	}
}

func (t *top) press(key byte) {
	if key == 'r' {
		t.reverse = !t.reverse
	}
	for i, o := range orders {
		if o.key == key {
			t.by = i
		}
	}
}

// draw fills the screen, whatever its size is now.
func (t *top) draw(list []running, failed error) {
	height := 0
	if fd, ok := terminal(t.out); ok {
		if w, h, err := term.GetSize(fd); err == nil {
			t.width, height = w, h
		}
	}
	var b bytes.Buffer
	up := 0
	for _, r := range list {
		if r.Process.Status == "running" {
			up++
		}
	}
	head := line{text: fmt.Sprintf("%s  %d instances, %d running  by %s", time.Now().Format(time.TimeOnly), len(list), up, orders[t.by].name)}
	if failed != nil {
		head = line{ForPeople(failed).Error(), bad}
	}
	joined{head, line{}, t.table(list)}.write(&b, t.screen)
	rows := strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
	if height > 1 {
		rows = rows[:min(len(rows), height-1)]
	}
	help := t.paint(faint, "q ends  sort: i s h m c  r turns round")
	fmt.Fprint(t.out, "\x1b[H"+strings.Join(rows, "\x1b[K\r\n")+"\x1b[K\r\n"+help+"\x1b[K\x1b[J")
}
