package check

// NoQuota is the MonthlyQuota of a user without a quota, and a limit of a plan that has none.
const NoQuota = -1

// Identity is who calls.
type Identity struct {
	UserID    int64
	SessionID string
	Role      string // auth-service's current one, whatever the token says; empty for ordinary users
	// MonthlyQuota is how many calls the user may make in a calendar month, or NoQuota: the user's own quota, else the plan's.
	MonthlyQuota int64
	// Plan is the user's plan as of now; nil if auth-service knows no plans.
	Plan *Plan
	// Roles are the user's current ones; nil for none.
	Roles *Roles

	// Key is the API key that the call was made with; nil: by a token of a session.
	Key *Key

	token    *entry   // what Valid looks at
	required []string // roles of which one is needed; empty: none
}

// KeyID is the id of the API key that the call was made with; 0: by a token of a session.
func (i *Identity) KeyID() uint64 {
	if i.Key == nil {
		return 0
	}
	return uint64(i.Key.ID)
}
