package control

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"time"

	"ficus/gateway/routefile"
	"ficus/gateway/statefile"
)

// A Snapshot is the file in which the route files of the last good table are kept, for
// a start with a broken folder. It is a tar.gz: its checksum tells a damaged one, and
// people can unpack it to get their files back. The zero Snapshot keeps nothing.
type Snapshot struct{ path string }

// SnapshotIn names the snapshot of a route folder in a state folder. It goes by the
// route folder's path, so that gateways may share a state folder and none of them ever
// serves the routes of another.
func SnapshotIn(state, routes string) Snapshot {
	sum := sha256.Sum256([]byte(routes))
	return Snapshot{filepath.Join(state, "last-good-"+hex.EncodeToString(sum[:6])+".tar.gz")}
}

// String returns the file's path.
func (s Snapshot) String() string { return s.path }

// maxSnapshotSize bounds a snapshot, packed and unpacked, in bytes. What of a folder
// is read fits into it.
const maxSnapshotSize = 2 * routefile.MaxFolderSize

// write replaces the snapshot.
func (s Snapshot) write(folder *routefile.Folder) error {
	return statefile.Replace(s.path, func(w io.Writer) error { return pack(w, folder) })
}

func pack(w io.Writer, folder *routefile.Folder) error {
	packed := gzip.NewWriter(w)
	archive := tar.NewWriter(packed)
	add := func(name string, data []byte) error {
		if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(data))}); err != nil {
			return err
		}
		_, err := archive.Write(data)
		return err
	}
	for _, f := range folder.Files {
		if err := add(path.Base(f.Name), f.Data); err != nil {
			return err
		}
	}
	for _, f := range folder.Policies {
		if err := add(path.Join(routefile.PoliciesFolder, path.Base(f.Name)), f.Data); err != nil {
			return err
		}
	}
	return errors.Join(archive.Close(), packed.Close())
}

// read returns what the snapshot holds, and when it was written. The files are named
// after the snapshot, which is where they stand.
func (s Snapshot) read() (*routefile.Folder, time.Time, error) {
	info, err := os.Stat(s.path)
	if err != nil {
		return nil, time.Time{}, err
	}
	if !info.Mode().IsRegular() {
		return nil, time.Time{}, errors.New("not a regular file")
	}
	if info.Size() > maxSnapshotSize {
		return nil, time.Time{}, errSnapshotSize
	}
	file, err := os.Open(s.path)
	if err != nil {
		return nil, time.Time{}, err
	}
	defer file.Close()
	folder, err := unpack(file, filepath.Base(s.path))
	return folder, info.ModTime(), err
}

var errSnapshotSize = fmt.Errorf("larger than %d MiB", maxSnapshotSize>>20)

func unpack(r io.Reader, name string) (*routefile.Folder, error) {
	unpacked, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	bounded := &io.LimitedReader{R: unpacked, N: maxSnapshotSize}
	folder := &routefile.Folder{}
	room := int64(maxSnapshotSize) // a tar may have holes, which take none of its own
	for archive := tar.NewReader(bounded); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if room -= header.Size; room < 0 {
			return nil, errSnapshotSize
		}
		data, err := io.ReadAll(archive)
		if err != nil {
			return nil, err
		}
		if path.Dir(path.Clean(header.Name)) == routefile.PoliciesFolder {
			folder.Policies = append(folder.Policies, routefile.File{Name: path.Join(name, routefile.PoliciesFolder, path.Base(header.Name)), Data: data})
		} else {
			folder.Files = append(folder.Files, routefile.File{Name: path.Join(name, path.Base(header.Name)), Data: data})
		}
	}
	if _, err := io.Copy(io.Discard, bounded); err != nil { // to the checksum at the end
		return nil, err
	}
	if bounded.N == 0 {
		return nil, errSnapshotSize
	}
	if len(folder.Files) == 0 {
		return nil, errors.New("it holds no route file")
	}
	return folder, nil
}
