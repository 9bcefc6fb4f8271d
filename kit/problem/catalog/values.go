package catalog

// numbers are problems with the parameters of GET /root.
func numbers() []Entry {
	return []Entry{
		{Name: "negative-to-fractional-power", Statuses: []int{422}, Title: "The power is no real number", Cause: "number is negative and n is not a whole number.", Cure: "Take a number that is not negative, or a whole n."},
		{Name: "not-a-number", Statuses: []int{422}, Title: "A parameter is not a number", Cause: "A parameter is not a decimal number.", Cure: "Write numbers like 88, -0.5 or 1e-3."},
		{Name: "number-out-of-range", Statuses: []int{422}, Title: "A parameter is out of range", Cause: "A parameter is larger than the largest number, 1.7976931348623157e308.", Cure: "Take a smaller number."},
		{Name: "parameter-empty", Statuses: []int{422}, Title: "A parameter is empty", Cause: "number or n has no value.", Cure: "Give both a value: /root?number=9&n=0.5."},
		{Name: "parameter-missing", Statuses: []int{422}, Title: "A parameter is missing", Cause: "number or n is missing.", Cure: "Give both: /root?number=9&n=0.5."},
		{Name: "parameter-repeated", Statuses: []int{422}, Title: "A parameter occurs twice", Cause: "number or n is there more than once.", Cure: "Give each once."},
		{Name: "result-out-of-range", Statuses: []int{422}, Title: "The result is out of range", Cause: "The power is larger than the largest number, 1.7976931348623157e308.", Cure: "Take a smaller number or a smaller n."},
		{Name: "zero-to-negative-power", Statuses: []int{422}, Title: "Zero has no negative power", Cause: "number is 0 and n is negative.", Cure: "Take another number, or an n that is not negative."},
	}
}

// internal are problems that gateways and services with a secret of the operator's get.
func internal() []Entry {
	return []Entry{
		{Name: "cursor-gone", Statuses: []int{410}, Title: "The cursor is too old", Cause: "A gateway asks for the changes since a time that auth-service does not remember.", Cure: "Gateways start again without a cursor by themselves.", Internal: true},
		{Name: "stale-lease", Statuses: []int{409}, Title: "The lease is old", Cause: "A gateway's later request of the same lease was answered already.", Cure: "Gateways take the later answer by themselves.", Internal: true},
		{Name: "wrong-credential", Statuses: []int{401}, Title: "The service's credential is wrong", Cause: "INTERNAL_SECRET of a gateway, or INTROSPECTION_SECRET of a service, is not the one that auth-service has.", Cure: "Give both programs the same secret.", Internal: true},
	}
}

// fields are the members and parameters whose value can be refused.
func fields() []Entry {
	var all []Entry
	for _, name := range []string{
		"action", "actor", "bom", "by", "current_password", "cursor", "disabled", "expires_at", "expires_in", "format", "from", "group", "id", "in_flight", "invitation",
		"key", "limit", "monthly_quota", "must_change_password", "name", "new_password", "otp", "overlap_seconds", "password", "path", "plan",
		"query", "rates", "refresh_token", "requests_per_day", "requests_per_month", "reset_token", "role", "roles", "route", "routes", "sort",
		"target", "to", "token", "top", "username",
	} {
		all = append(all, field(name))
	}
	for _, name := range []string{
		"after", "calls", "day", "gateway", "hash", "key_id", "key_month", "least", "month", "report", "returned", "rows", "sequence", "wait", "want",
	} {
		entry := field(name)
		entry.Internal = true
		all = append(all, entry)
	}
	return all
}

func field(name string) Entry {
	return Entry{
		Name: "invalid-" + name, Statuses: []int{422}, Title: `The value of "` + name + `" is not valid`,
		Cause: `The member or parameter "` + name + `" is missing where it is needed, or its value is not allowed. The sentence in detail says why.`,
		Cure:  "Send the value that the sentence in detail asks for; /docs has the form of each value.",
	}
}
