package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-sql-driver/mysql"

	"vpm/core"
)

// siteError gives what people and the log may know of a failure at a site's database. The site's configuration chose the
// server: what that said may be anything, and is not passed on, and whatever answers otherwise than as a database is
// not told from what does not answer. The numbers are those of classifyMySQL.
func siteError(err error) error {
	me, ok := errors.AsType[*mysql.MySQLError](err)
	if !ok {
		return unreachableSite(err)
	}
	e := core.Errorf(core.CodeUnavailable, "cannot look into the site's database: its server reports an error")
	switch me.Number {
	case 1044, 1045, 1698, 1130, 1142, 1143, 1227, 1862, 1820, 3118, 4151: // wrong password, no right, expired, locked
		e = core.Errorf(core.CodeUnavailable, "cannot look into the site's database: its server refuses the site's user name or password")
	case 1049:
		e = core.Errorf(core.CodeNotFound, "cannot find the site's database: it does not exist on its server")
	case 1040, 1203, 1226:
		e = core.Errorf(core.CodeBusy, "cannot look into the site's database: its server has no connection left")
		e.RetryAfter = 5 * time.Second
	case 1205, 1969, 3024: // out of the time that siteSession gives
		e = core.Errorf(core.CodeUnavailable, "cannot look into the site's database: its server takes too long")
	}
	return e.Because(fmt.Errorf("MySQL error %d", me.Number))
}

// unreachableSite is for errors that are no answer of a MySQL server.
func unreachableSite(err error) error {
	for _, refused := range []error{mysql.ErrCleartextPassword, mysql.ErrOldPassword, mysql.ErrNativePassword, mysql.ErrUnknownPlugin, mysql.ErrNoTLS} {
		if errors.Is(err, refused) {
			return core.Errorf(core.CodeUnavailable, "cannot log in to the site's database server in the way it asks for")
		}
	}
	e := core.Errorf(core.CodeUnavailable, "cannot reach the site's database server")
	if errors.Is(err, context.DeadlineExceeded) {
		return e.Because(context.DeadlineExceeded)
	}
	return e
}
