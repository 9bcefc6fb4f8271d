package check_test

import "unsafe" //nolint:depguard // what a buffer does to a view of it is what is tested

// view is a string that changes with the buffer, as the gateway's connections hand them out.
func view(buffer []byte) string { return unsafe.String(unsafe.SliceData(buffer), len(buffer)) }
