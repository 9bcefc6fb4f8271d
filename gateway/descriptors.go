package main

import "log/slog"

// connectionsThatFit is how many clients' connections fit under a limit of open files: three quarters of it. A request in
// flight takes a second file for its upstream, and the gateway has files of its own.
func connectionsThatFit(openFiles int) int { return max(1, openFiles/4*3) }

// defaultConnections is the default of MAX_CONNECTIONS: as many as there is memory for, if the files suffice.
func defaultConnections(byMemory int) int {
	if files, known := openFilesLimit(); known {
		return min(byMemory, connectionsThatFit(files))
	}
	return byMemory
}

// warnOfFewDescriptors logs that more connections are allowed than fit under the limit of open files.
func warnOfFewDescriptors(log *slog.Logger, maxConnections int) {
	files, known := openFilesLimit()
	if !known || maxConnections <= connectionsThatFit(files) {
		return
	}
	log.Warn("MAX_CONNECTIONS does not fit under the limit of open files: raise the limit, or lower MAX_CONNECTIONS",
		"max_connections", maxConnections, "open_files", files, "connections_that_fit", connectionsThatFit(files))
}
