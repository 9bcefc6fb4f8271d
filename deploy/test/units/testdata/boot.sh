# Boots systemd in a file system that is this machine's with a layer over it: nothing that happens in it stays. Run it in namespaces of its
# own (mount, pid, net, uts, ipc, cgroup). SCRATCH is an empty folder, FROM is a folder that is /from in it.
set -eu
mount --make-rprivate /
mount -t tmpfs tmpfs "$SCRATCH"
root=$SCRATCH/root
mkdir "$SCRATCH/over" "$SCRATCH/work" "$root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$SCRATCH/over,workdir=$SCRATCH/work" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mount --rbind /dev "$root/dev"
mkdir -p "$root/from"
mount --bind "$FROM" "$root/from"
# The machine's own services do not start.
rm -rf "$root"/etc/systemd/system/*.wants
for unit in systemd-udevd systemd-udev-trigger systemd-networkd systemd-resolved systemd-timesyncd systemd-modules-load systemd-sysctl systemd-remount-fs; do
	ln -sf /dev/null "$root/etc/systemd/system/$unit.service"
done
for mount in dev-hugepages sys-kernel-debug sys-kernel-tracing dev-mqueue; do
	ln -sf /dev/null "$root/etc/systemd/system/$mount.mount"
done
rm -f "$root/etc/fstab"
# Not chroot: the kernel gives no user namespaces (PrivateUsers=) below one.
cd "$root"
mkdir -p old
pivot_root . old
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin sh -c \
	'umount -l /old; exec /lib/systemd/systemd --system --unit=basic.target --log-target=journal --show-status=no'
