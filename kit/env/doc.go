// Package env reads a service's settings from environment variables and reports every mistake at once, by name.
//
// It knows nothing of what the settings are for. Secrets may also stand in files (NAME_FILE), are re-read while the
// service runs, and print as "[secret]" wherever they are formatted by accident.
package env
