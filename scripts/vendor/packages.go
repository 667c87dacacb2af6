package main

import "regexp"

// pkg is a package of npm. Its sha512 is the "integrity" that the registry gives for the tarball.
type pkg struct {
	name, version, sha512 string
	files                 []file
}

// file is one file of a package: its name here and there, how it is changed so that browsers load it as a module
// without a build step, and the SHA-256 of what comes out.
type file struct {
	name, from string
	adapt      func([]byte) []byte
	sha256     string
}

var packages = []pkg{
	{"preact", "10.29.8", preactSum, []file{
		{"preact.js", "package/dist/preact.module.js", withoutMap,
			"25a5df7e9f628a587743c4641a368737a3b218f28ef738ba0376a2d5bdfc948c"},
		{"hooks.js", "package/hooks/dist/hooks.module.js", besidePreact,
			"3b5febe57b6eebec5285fc25b33c9019e53e31641df0fad7d8f9e64ca8661592"},
	}},
	{"htm", "3.1.1", htmSum, []file{
		{"htm.js", "package/dist/htm.module.js", asItIs,
			"ab33dd3f38059b9be4d5f5350128eefb2356639c4e0bbe9d9e8b3ba75847e9e4"},
	}},
	{"uplot", "1.6.32", uplotSum, []file{
		{"uplot.js", "package/dist/uPlot.iife.min.js", asModule,
			"530f8afa5be142de750c07d3fa556ba04a14b2fcdc6a24f10b0678fc73ff1cf4"},
		{"uplot.css", "package/dist/uPlot.min.css", withoutLegend,
			"6f9fb0e788f3982cb3b6514ea39cb1bd34435add54e319c7a62682c106a1e773"},
	}},
}

const (
	preactSum = "ej2aVZ+vZ8WO7tvlQWRM9N63A0KzF9q4mWJfDUHgYaIofWY9hu74QdnQrjoPMmZi2/nZ5gN0bJCQF49xQqx09Q=="
	htmSum    = "983Vyg8NwUE7JkZ6NmOqpCZ+sh1bKv2iYTlUkzlWmA5JD2acKoxd4KVxbMmxX/85mtfdnDmTFoNKcg5DGAvxNQ=="
	uplotSum  = "KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw=="
)

func asItIs(text []byte) []byte { return text }

var sourceMap = regexp.MustCompile(`(?m)^//# sourceMappingURL=.*\n?`)

// withoutMap leaves out the name of a source map that is not uploaded: developer tools would report it missing.
func withoutMap(text []byte) []byte { return sourceMap.ReplaceAll(text, nil) }

var bareImport = regexp.MustCompile(`from"preact"`)

// besidePreact names the module by its place: a browser finds a bare name by an import map only, and that is an
// inline script, which the pages' policy forbids.
func besidePreact(text []byte) []byte {
	return withoutMap(bareImport.ReplaceAll(text, []byte(`from"./preact.js"`)))
}

var (
	otherPaths  = regexp.MustCompile(`(?s),l\.stepped=.*(\}return en\}\(\);)`)
	legendRules = regexp.MustCompile(`[^{}]*\.u-(legend|inline|series|title)[^{}]*\{[^{}]*\}`)
)

// asModule exports the global: only this build of uPlot is minified. It ends with ways to draw a line that are not used
// here (steps, bars and splines), which are left out.
func asModule(text []byte) []byte {
	return append(otherPaths.ReplaceAll(text, []byte("$1")), "\nexport default uPlot;\n"...)
}

// withoutLegend leaves out how titles and legends look: the charts here have none.
func withoutLegend(text []byte) []byte { return legendRules.ReplaceAll(text, nil) }
