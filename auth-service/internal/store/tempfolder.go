package store

import (
	"os"
	"path/filepath"
)

// useTempFolder has SQLite keep its temporary files beside the database at path. By itself it looks for TMPDIR, /var/tmp, /usr/tmp and
// /tmp, none of which an image has to have, and sorts that do not fit into its cache then fail. In memory they would take
// hundreds of megabytes. The files have no name once they are open. SQLite reads the variable when it is used for the first time.
func useTempFolder(path string) error {
	const variable = "SQLITE_TMPDIR"
	if os.Getenv(variable) != "" {
		return nil // the operator's choice
	}
	folder, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return err
	}
	return os.Setenv(variable, folder)
}
