package health

import (
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// inItsOwnInternet runs the test again as a process in a network namespace where every address, of either version, is
// one of the machine's own. So a server of the test is met wherever a probe goes, and nothing leaves the machine.
// It tells the two processes apart.
func inItsOwnInternet(t *testing.T) bool {
	t.Helper()
	const inside = "VPM_TEST_INTERNET"
	if os.Getenv(inside) == t.Name() {
		if err := ownAllAddresses(); err != nil {
			t.Fatal("cannot set up the network:", err)
		}
		return true
	}
	again := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	again.Env = append(os.Environ(), inside+"="+t.Name())
	again.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	out, err := again.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%v (it needs root)\n%s", err, out)
	}
	return false
}

// ownAllAddresses brings up the loopback device and sends all there.
func ownAllAddresses() error {
	fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, syscall.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	const loopback = 1 // in every namespace
	up := make([]byte, syscall.SizeofIfInfomsg)
	for _, at := range []int{8, 12} { // flags, and which of them to change
		binary.NativeEndian.PutUint32(up[at:], syscall.IFF_UP)
	}
	binary.NativeEndian.PutUint32(up[4:], loopback)
	if err := ask(fd, syscall.RTM_NEWLINK, 0, up); err != nil {
		return err
	}
	for _, family := range []byte{syscall.AF_INET, syscall.AF_INET6} {
		route := []byte{family, 0, 0, 0, syscall.RT_TABLE_LOCAL, syscall.RTPROT_STATIC, syscall.RT_SCOPE_HOST, syscall.RTN_LOCAL, 0, 0, 0, 0}
		route = binary.NativeEndian.AppendUint16(route, 8)
		route = binary.NativeEndian.AppendUint16(route, syscall.RTA_OIF)
		route = binary.NativeEndian.AppendUint32(route, loopback)
		if err := ask(fd, syscall.RTM_NEWROUTE, syscall.NLM_F_CREATE, route); err != nil {
			return err
		}
	}
	return nil
}

// ask sends one netlink message and waits for what the kernel says to it.
func ask(fd int, kind, flags uint16, body []byte) error {
	message := binary.NativeEndian.AppendUint32(nil, uint32(syscall.SizeofNlMsghdr+len(body)))
	message = binary.NativeEndian.AppendUint16(message, kind)
	message = binary.NativeEndian.AppendUint16(message, flags|syscall.NLM_F_REQUEST|syscall.NLM_F_ACK)
	message = append(append(message, make([]byte, 8)...), body...)
	if err := syscall.Sendto(fd, message, 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}); err != nil {
		return err
	}
	answer := make([]byte, 4096)
	n, _, err := syscall.Recvfrom(fd, answer, 0)
	if err != nil || n < syscall.SizeofNlMsghdr+4 {
		return errors.Join(err, errors.New("the kernel's answer is cut"))
	}
	if number := int32(binary.NativeEndian.Uint32(answer[syscall.SizeofNlMsghdr:])); number != 0 {
		return syscall.Errno(-number)
	}
	return nil
}
