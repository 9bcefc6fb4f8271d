package httpd

// Method is a request's method as metrics and logs name it: one that HTTP defines, or _OTHER. Clients cannot make up
// values of labels.
type Method uint8

// Methods is the number of values that a Method can have.
const Methods = 10

// KnownMethod returns the Method for a method's name, in constant memory.
func KnownMethod(name string) Method {
	switch name {
	case "GET":
		return 1
	case "HEAD":
		return 2
	case "POST":
		return 3
	case "PUT":
		return 4
	case "PATCH":
		return 5
	case "DELETE":
		return 6
	case "OPTIONS":
		return 7
	case "CONNECT":
		return 8
	case "TRACE":
		return 9
	}
	return 0
}

// String is the method's name, or _OTHER.
func (m Method) String() string {
	return [Methods]string{"_OTHER", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"}[m]
}
