package guess

import (
	"fmt"
	"time"
)

// ThrottledError means that too many attempts have failed; nothing was verified.
type ThrottledError struct {
	RetryAfter time.Duration
	Policy     Policy // the limit that was met
}

func (t *ThrottledError) Error() string {
	return fmt.Sprintf("too many failures, retry after %s", t.RetryAfter)
}
