package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"vpm/scripts/lab"
)

// The limits of a small account, and how many requests it must answer.
const (
	limitAS      = 64 << 20
	limitNPROC   = 6
	limitedTries = 200
)

// size measures memory, and whether the 32-bit program keeps within the limits of a small account.
func (b *bench) size(ctx context.Context) error {
	if err := b.need(ctx); err != nil {
		return err
	}
	var rows []row
	for i, one := range b.accounts.one {
		start, list, err := b.peaks(ctx, one, b.accounts.many[i])
		if err != nil {
			return err
		}
		rows = append(rows,
			row{"peak RSS of start.php, MB, " + one.label, start, "< 20 MB", verdict(start.Greatest < 20)},
			row{fmt.Sprintf("peak RSS of list.php of %d, MB, %s", manyInstances, one.label), list, "", ""})
	}
	b.changed += 2 * b.rounds
	bytes, err := b.accounts.one[1].fileSize()
	if err != nil {
		return err
	}
	rows = append(rows, row{fmt.Sprintf("SQLite's files after the %d changes of this run, MB", b.changed), inMB(bytes), "", ""})
	maria, err := mariaDatabase(b.server, "limited")
	if err != nil {
		return err
	}
	for _, d := range []database{maria, sqliteDatabase()} {
		answered, trouble, err := b.limited(ctx, d)
		if err != nil {
			return err
		}
		rows = append(rows, row{fmt.Sprintf("linux/386, address space %d MB, %d processes, %s", limitAS>>20, limitNPROC, d.label),
			fmt.Sprintf("%d of %d requests answered%s", answered, limitedTries, trouble), "all", verdict(answered == limitedTries)})
	}
	for _, path := range []string{b.built.vpm, b.built.vpm386, b.built.hello} {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		rows = append(rows, row{filepath.Base(path) + " on disk, MB", inMB(info.Size()), "", ""})
	}
	return b.print("Memory and size", []string{"", "goal", "verdict"}, rows)
}

func inMB(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// fileSize is what SQLite's database takes on disk, with its log and index.
func (d database) fileSize() (bytes int64, err error) {
	paths, err := filepath.Glob(d.source + "*")
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return 0, err
		}
		bytes += info.Size()
	}
	return bytes, err
}

// peaks measures how large a start and a long list grow, in MB.
func (b *bench) peaks(ctx context.Context, one, many account) (ofStart, ofList spread, err error) {
	var starts, lists []float64
	for range b.rounds {
		for _, call := range []struct {
			account
			request
			to *[]float64
		}{{one, stop, new([]float64)}, {one, start, &starts}, {many, list, &lists}} {
			mb, err := call.runPeak(ctx, b.built.peak, call.token, call.request)
			if err != nil {
				return spread{}, spread{}, err
			}
			*call.to = append(*call.to, mb)
		}
	}
	return spreadOf(starts), spreadOf(lists), nil
}

// limited gives how many requests are answered by the 32-bit program on a host with the limits of a small account,
// and the first trouble there was.
func (b *bench) limited(ctx context.Context, d database) (answered int, trouble string, err error) {
	h, err := b.host(ctx, lab.Options{RLimitAS: limitAS, RLimitNPROC: limitNPROC}, b.built.vpm386, d)
	if err != nil {
		return 0, "", err
	}
	defer func() { err = errors.Join(err, h.Stop()) }()
	for i := range limitedTries {
		r := []request{stop, start, status, list}[i%4]
		_, failed := h.call(ctx, h.token, r)
		switch {
		case failed == nil:
			answered++
		case ctx.Err() != nil:
			return 0, "", ctx.Err()
		case trouble == "":
			trouble = ": " + strings.Join(strings.Fields(failed.Error()), " ")
		}
	}
	return answered, trouble, nil
}
