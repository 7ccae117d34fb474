package webhook

import (
	"errors"
	"net/netip"
	"syscall"
)

var errAddress = errors.New("the host is a link-local, multicast or unspecified address, such as the metadata service of a cloud, and none of those is ever asked")

// metadata is where clouds tell secrets to whoever runs on a machine, of the
// addresses that are not link-local.
var metadata = netip.MustParseAddr("fd00:ec2::254")

// refuseAddress keeps a connection from being made. It sees the address that is
// dialled, however the host is written and whatever its name resolves to.
func refuseAddress(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	ip := at.Addr().Unmap().WithZone("")
	if ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() || ip == metadata {
		return errAddress
	}
	return nil
}
