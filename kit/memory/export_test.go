package memory

// LimitOf is Limit with its two sources.
func LimitOf(runtime int64, cgroup func() (uint64, error)) (bytes int64, known bool) {
	return limit(runtime, cgroup)
}
