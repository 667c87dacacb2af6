package doctor

import (
	"context"
	"time"

	"vpm/core"
	"vpm/core/config"
	"vpm/core/store"
)

// Panel is what the checks of a panel look at. They need no right beyond those that requests are answered with.
type Panel struct {
	Config *config.Config
	DB     *store.DB
	// Version is that of the program.
	Version string
	// Server: a server answers, and not an uploaded vpm.cgi; what is uploaded is not looked at then.
	Server bool
	// Channels are where alerts go, and AlertWarnings what keeps them from there.
	Channels, AlertWarnings []string
	// API is the address of the API as it was asked, as https://your.site/api; "" where that is not known.
	API string
	Now func() time.Time

	records []core.Record
	readErr error
}

// Run makes all checks.
func (p Panel) Run(ctx context.Context) []core.Check {
	p.records, _, p.readErr = p.DB.Records(ctx, core.Query{})
	return Run(ctx, []Item{
		{"version", p.version}, {"program", p.program}, {"routing-file", p.routingFile}, {"settings", p.settings},
		{"data-directory", p.dataDirectory}, {"space", p.space}, {"leftover-files", p.leftovers},
		{"database", p.database}, {"clock", p.clock}, {"tick", p.tick}, {"alerts", p.alerts},
		{"people", p.people}, {"tokens", p.tokens}, {"instances", p.instances}, {"gates", p.gates},
	})
}

func (p *Panel) version(context.Context) Finding {
	return OK("vpm %s answers; its tables are of version %d", p.Version, store.SchemaVersion)
}
