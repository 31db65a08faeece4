// SPDX-License-Identifier: GPL-2.0-only

use crate::acl;
use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;
use crate::userns::{self, Layers};

pub const CHECK: Check = Check {
    about: "owners and ACLs of an id-mapped lower layer are those that its mount shows, in the copy as well",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = Layers::new(b)?;
    l.file(b, "private", 0o600, (0, 0))?;
    l.file(b, "fifth", 0o640, (5, 5))?;
    l.file(b, "listed", 0o640, (5, 5))?;
    // Beyond the map.
    l.file(b, "nobodys", 0o666, (50, 50))?;
    let text = acl::encode("u:6,user:7:6,g:4,m:6,o:0");
    b.works(
        "ACL",
        sys::setxattr(l.lower.join("listed"), acl::ACCESS, &text, 0),
    )?;
    let mapped = b.target("mapped")?;
    let namespace = userns::open("0 100000 10\n", "0 100000 10\n")?;
    b.works(
        "an id-mapped mount",
        sys::mount_id_mapped(&l.lower, &mapped, namespace),
    )?;
    let union = b.new_union().lower(&mapped).upper(&l.upper, &l.work);
    union.mount(&l.target)?;

    let at = |name: &str| l.target.join(name);
    let owner = |name: &str| sys::stat(at(name), 0).map(|stat| (stat.st_uid, stat.st_gid));
    let write = |uid: u32, name: &str| -> Result<sys::Result<usize>, String> {
        sys::become_user(uid, uid, &[])?;
        let result = sys::open(at(name), libc::O_RDWR, 0).and_then(|fd| {
            let result = sys::write(fd, b"x", None);
            sys::close(fd).and(result)
        });
        sys::become_root()?;
        Ok(result)
    };
    // Before and after the copy-up: the same answers.
    for _ in 0..2 {
        for (name, id) in [("private", 100_000), ("fifth", 100_005), ("nobodys", 65534)] {
            let found = b.works("stat", owner(name))?;
            b.must(
                &format!("{name} belongs to {id}, not {found:?}"),
                found == (id, id),
            )?;
        }
        b.fails("5 writing", write(5, "fifth")?, libc::EACCES)?;
        b.fails("7 writing", write(7, "listed")?, libc::EACCES)?;
        b.works("100000 writing", write(100_000, "private")?)?;
        b.works("100005 writing", write(100_005, "fifth")?)?;
        b.works("100007 writing", write(100_007, "listed")?)?;
        let nobodys = write(100_001, "nobodys")?;
        b.must("nobody writes what nobody owns", nobodys.is_err())?;
        let acl = b.works("ACL", sys::getxattr(at("listed"), acl::ACCESS))?;
        let acl = acl::decode(&acl);
        b.must(&acl, acl == "u:6,user:100007:6,g:4,m:6,o:0")?;
    }
    b.umount(&l.target)?;
    l.upper_is(b, &["fifth", "listed", "private"])
}
