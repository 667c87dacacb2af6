package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"vpm/core"
)

// SiteAddress asks a WordPress's own database at which address it is reached, with the site's own login.
func SiteAddress(ctx context.Context, login SiteLogin) (string, error) {
	if strings.Trim(login.Prefix, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$") != "" {
		return "", core.Errorf(core.CodeNotFound, "cannot ask the site's database: the prefix of its tables is unusual")
	}
	var address sql.NullString
	err := withSite(ctx, login, func(ctx context.Context, conn *sql.Conn) error {
		err := conn.QueryRowContext(ctx, "SELECT option_value FROM `"+login.Prefix+"options` WHERE option_name = 'home'").Scan(&address)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	if err == nil && address.String == "" {
		return "", core.Errorf(core.CodeNotFound, "cannot tell the site's address: its database has none")
	}
	return address.String, err
}
