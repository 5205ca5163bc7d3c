"""Where a file stands: in a folder, behind an address, on an SFTP server, in an archive. `files` is the way in."""
