package app

import (
	"context"
	"time"

	"vpm/core"
	"vpm/core/alert"
	"vpm/core/config"
	"vpm/core/store"
)

// tickWorkers is how many instances a tick sees to at once: they mostly wait for answers.
const tickWorkers = 4

// tick is the periodic pass.
func (a *App) tick(m *core.Manager, db *store.DB) *core.Tick {
	sender := newSender(a.Config)
	return &core.Tick{
		Manager: m,
		Workers: tickWorkers,
		Judge: func(before core.Watch, r core.Record, h core.Health, at core.Attention) (core.Watch, []core.Alert) {
			return alert.Judge(before, r, h, at, r.Instance.DiskAlert(int64(a.Config.AlertDisk)), time.Now())
		},
		Channels: sender.Channels(),
		Deliver: func(ctx context.Context) (sent, failed int, err error) {
			out, err := sender.Deliver(ctx, db, time.Now)
			for _, l := range out.Lost {
				a.Log.Error().Str("instance_id", l.Delivery.Alert.InstanceID).Str("channel", l.Delivery.Channel).
					Str("alert", l.Delivery.Alert.Subject).Msg("alert given up: " + l.Reason)
			}
			return out.Sent, out.Failed, err
		},
		Log: func(id string, err error) {
			a.Log.Warn().Str("instance_id", id).Msg("tick: " + err.Error())
		},
	}
}

// Tick makes one periodic pass, as the timer of a server does. Before set-up there is nothing to pass over.
func (a *App) Tick(ctx context.Context) (core.TickReport, error) {
	if !a.Config.Configured() && !a.broken {
		return core.TickReport{}, nil
	}
	b, err := a.API.Backend()
	if err != nil {
		return core.TickReport{}, err
	}
	return b.Tick.Run(ctx, a.Config.TickBudget)
}

// newSender is how alerts go out by the settings.
func newSender(c *config.Config) *alert.Sender {
	s := &alert.Sender{}
	if c.AlertWebhook != "" {
		s.Webhook = &alert.Webhook{URL: c.AlertWebhook, Secret: c.AlertWebhookSecret}
	}
	if len(c.AlertMailTo) > 0 {
		s.Mail = &alert.Mail{From: c.AlertMailFrom, To: c.AlertMailTo, SMTP: c.AlertSMTP}
		if c.AlertSMTP == "" {
			s.Mail.Sendmail = c.AlertSendmail
		}
	}
	return s
}

// alertWarnings says what keeps alerts from going out.
func alertWarnings(c *config.Config) []string {
	s := newSender(c)
	var warnings []string
	if s.Webhook != nil {
		if err := s.Webhook.Check(); err != nil {
			warnings = append(warnings, core.Sentence(err))
		}
	}
	if s.Mail != nil {
		if err := s.Mail.Check(); err != nil {
			warnings = append(warnings, core.Sentence(err))
		}
	}
	return warnings
}
