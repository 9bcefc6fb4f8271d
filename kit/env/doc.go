// Package env reads a service's settings from environment variables and reports every mistake at once, by name.
//
// It refuses to know what the settings are for. Secrets may also be in files (NAME_FILE), which are followed while the
// service runs. A secret prints as "[secret]" wherever it is formatted by accident.
package env
