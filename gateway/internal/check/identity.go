package check

// NoQuota is the MonthlyQuota of a user without a quota.
const NoQuota = -1

// Identity is who calls.
type Identity struct {
	UserID    int64
	SessionID string
	Role      string // auth-service's current one, whatever the token says; empty for ordinary users
	// MonthlyQuota is how many calls the user may make in a calendar month, or NoQuota.
	MonthlyQuota int64

	token *entry // what Valid looks at
}
