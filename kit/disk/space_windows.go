package disk

import "golang.org/x/sys/windows"

// space returns the bytes that this user can still write, and the size of the volume as far as the user may use it.
func space(path string) (free, size uint64, err error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, 0, err
	}
	err = windows.GetDiskFreeSpaceEx(name, &free, &size, nil)
	return free, size, err
}
