package main

import (
	"fmt"
	"math"
)

// plot is a picture of curves.
type plot struct {
	File   string      `json:"file"`
	Title  string      `json:"title"`
	Of     string      `json:"of"` // what the numbers count
	Curves []plotCurve `json:"curves"`
}

type plotCurve struct {
	Name   string       `json:"name"`
	Points [][2]float64 `json:"points"` // number, ms
}

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
