package catalog

// limits are problems with how much somebody calls.
func limits() []Entry {
	return []Entry{
		{Name: "quota-reserved", Statuses: []int{429}, Title: "The rest of the quota is reserved", Cause: "Little is left of the quota, and other gateways have reserved it.", Cure: "Wait for Retry-After: what they do not use comes back within seconds."},
		{Name: "quota-used-up", Statuses: []int{429}, Title: "The quota is used up", Cause: "The quota of the month, of the day or of the API key is used up, or has less left than this call costs. The sentence in detail says which.", Cure: "Wait until the time that detail names, or ask an administrator for a larger quota. GET /users/me/limits says what is left."},
		{Name: "rate-limited", Statuses: []int{429}, Title: "Calls come too fast", Cause: "The rate of the route or of the plan is used up.", Cure: "Wait for Retry-After. Clients that read RateLimit and wait when nothing remains are never refused."},
		{Name: "too-many-at-once", Statuses: []int{429}, Title: "The account makes too many calls at once", Cause: "More than 128 calls of the account wait for the database.", Cure: "Make fewer calls at the same time."},
		{Name: "too-many-connections", Statuses: []int{503}, Title: "There are too many connections", Cause: "Your address has as many connections open as it may have, or the gateway has.", Cure: "Keep connections open and use them again; close those that are not needed."},
		{Name: "too-many-in-flight", Statuses: []int{429}, Title: "Too many calls are open", Cause: "The caller has as many calls open at this gateway as the plan allows.", Cure: "Wait until one has ended."},
		{Name: "too-many-tickets", Statuses: []int{429}, Title: "Too many tickets were used", Cause: "The user has used more tickets than a gateway takes of one user at a time.", Cure: "Wait for Retry-After; send the token in Authorization where that is possible."},
		{Name: "too-many-tries", Statuses: []int{429}, Title: "There were too many failed tries", Cause: "Too many sign-ins, reset tokens or one-time codes from this address, or for this account, were wrong.", Cure: "Wait for Retry-After. It doubles with each further failure."},
		{Name: "too-many-uploads", Statuses: []int{503}, Title: "Too many uploads of one address", Cause: "Many requests of your address are sending their bodies at the same time.", Cure: "Wait for Retry-After, and send fewer bodies at the same time."},
	}
}

// availability are problems that the caller has not caused.
func availability() []Entry {
	return []Entry{
		{Name: "busy", Statuses: []int{503}, Title: "The service is busy", Cause: "The database did not answer in time.", Cure: "Wait for Retry-After. If it stays, the operator looks at the database."},
		{Name: "gateway-exhausted", Statuses: []int{503}, Title: "The gateway has too many connections open", Cause: "The gateway cannot open another connection to the service behind this path.", Cure: "Wait for Retry-After. The operator raises the limit of open files, or adds a gateway."},
		{Name: "internal", Statuses: []int{500}, Title: "Something went wrong on our side", Cause: "An error that nobody expected. The log has it under the id in the field X-Request-Id.", Cure: "Tell the operator the id."},
		{Name: "overloaded", Statuses: []int{503}, Title: "The gateway has no memory left for the request", Cause: "So many requests are open that the gateway's memory is used up.", Cure: "Wait for Retry-After. The operator gives the gateway more memory, or adds a gateway."},
		{Name: "unavailable", Statuses: []int{503}, Title: "Something that is needed cannot be reached", Cause: "The database, auth-service or the service behind this path cannot be reached, or a program is starting or stopping. The sentence in detail says which.", Cure: "Wait for Retry-After. If it stays, the operator looks at /readyz and the log."},
		{Name: "upstream-failed", Statuses: []int{502}, Title: "The service behind this path has failed", Cause: "The service broke off, gave an answer that is not valid HTTP, or no secure connection to it could be made.", Cure: "The operator looks at the log of that service. A GET can be sent again."},
		{Name: "upstream-timeout", Statuses: []int{504}, Title: "The service behind this path takes too long", Cause: "The service has not answered within the timeout of the route.", Cure: "Ask for less at once; the operator makes the service faster or raises the timeout of the route."},
	}
}
