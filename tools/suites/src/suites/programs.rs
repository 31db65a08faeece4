// SPDX-License-Identifier: GPL-2.0-only
//! Programs that keep much data in files and can verify it.

use super::{Suite, prepare_by, run_steps};

const GIT_COMMON: &str = "
    export HOME=$OTHER_DIR GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
    export GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000' GIT_CONFIG_GLOBAL=/dev/null
    git() { command git -c gc.auto=0 -c advice.detachedHead=false -c safe.directory='*' \"$@\"; }
    [ ! -d repo ] || cd repo";

pub const GIT: Suite = Suite {
    name: "git",
    about: "git on a repository of the lower layer: commit, merge, gc, clone, fsck, and what it renames",
    prepare: |bench| {
        prepare_by(
            bench,
            GIT_COMMON,
            "git init -q -b main repo; cd repo
             for n in 1 2 3 4; do
                 mkdir -p d$n
                 for i in $(seq 25); do echo $n $i >d$n/f$i; echo $n >>common$i; done
                 git add -A; git commit -q -m \"commit $n\"
             done
             git tag start; git branch topic/one
             git clone -q --bare . ../hub.git; git clone -q . ../apart
             git worktree add -q ../moving start
             echo /work/moving/.git >.git/worktrees/moving/gitdir
             echo 'gitdir: /work/repo/.git/worktrees/moving' >../moving/.git
             git init -q -b main inner; cd inner; echo 1 >f; git add f; git commit -qm inner; cd ..
             git submodule -q add ./inner inner; git commit -qm submodule",
        )
    },
    run: |bench| {
        run_steps(
            bench,
            GIT_COMMON,
            r#"
                fsck of what lies below: git fsck --full --strict --no-progress; git rev-parse HEAD; git status --porcelain
                commit: sed -i s/1/one/ common*; git rm -rq d2; git mv d1/f1 d1/new; git commit -qam edits; git rev-parse HEAD; git status --porcelain
                checkout there and back: git checkout -q start; ls -R | cksum; git checkout -q main; ls -R | cksum; git status --porcelain
                merge: git checkout -qb side start; echo x >d2/side; git add -A; git commit -qm side; git checkout -q main; git merge -q -m merge side; git rev-parse HEAD; git status --porcelain
                rename of directories: mkdir own; echo 1 >own/f; mv own moved; git mv d3 moved/d3; git mv moved/d3/f3 d3; git mv d4 four; git add -A; git commit -qm moved; git rev-parse HEAD; git status --porcelain; find . -path ./.git -prune -o -print | sort | cksum
                worktree move: git worktree move ../moving ../tree; git worktree list; git -C ../tree status --porcelain; git -C ../tree fsck --no-progress; ls -R ../tree | cksum; git worktree move ../tree ../moving; ls ..
                branches and their logs: git branch -m topic/one topic; git branch -m topic topic/two/three; git branch -D topic/two/three; find .git/logs | sort
                submodule absorbgitdirs: git submodule -q absorbgitdirs 2>&1; cat inner/.git; git -C inner fsck --no-progress; git -C inner log --format=%H; find .git/modules -type d | sort | cksum
                push, by a quarantine: git push -q ../hub.git HEAD:refs/heads/pushed HEAD:refs/heads/topic/new; git -C ../hub.git fsck --no-progress; git -C ../hub.git rev-parse pushed topic/new; ls ../hub.git/objects | sort | cksum
                init --separate-git-dir: cd ../apart; git init -q --separate-git-dir=../store; cat .git; git status --porcelain; git fsck --no-progress; mv ../store ../hub.git/store; git init -q --separate-git-dir=../hub.git/store 2>/dev/null || echo "gitdir: ../hub.git/store" >.git; git log --format=%H; rm -r ../hub.git/store
                gc: git repack -adq; git gc -q --prune=now; git count-objects -v | grep -v size; git fsck --full --strict --no-progress
                clone by hard links: git clone -q --local . ../clone; cd ../clone; git fsck --full --no-progress; git rev-parse HEAD; ls -R | cksum
                worktree, stash, bundle: git worktree add -q ../tree start; echo z >>common1; git stash -q; git stash pop -q; git diff | cksum; git checkout -q .; git bundle create -q ../b main; git bundle verify -q ../b; git worktree remove ../tree; ls ..
                reset and clean: touch junk; git reset -q --hard start; git clean -qfdx; git status --porcelain; ls -R | cksum; git fsck --full --no-progress --no-dangling
            "#,
        )
    },
    left_out: &[],
};

/// The contents, and the result of sqlite's own check.
const SQLITE_COMMON: &str = "
    look() { sqlite3 $1 'pragma integrity_check; select count(*), sum(a), sum(length(b)) from t; select count(*) from t where b like \"%7%\";'; }
    change() { sqlite3 $1 \"pragma journal_mode=$2; begin; insert into t select a+1000000, b||'x' from t limit 500; update t set b=b||'$2' where a%5=0; delete from t where a%11=0; commit;\"; }";

pub const SQLITE: Suite = Suite {
    name: "sqlite",
    about: "sqlite on databases of the lower layer: every journal mode, locks, an interrupted writer",
    prepare: |bench| {
        prepare_by(
            bench,
            SQLITE_COMMON,
            "sqlite3 db \"create table t(a integer primary key, b text); create index i on t(b);
               with recursive n(x) as (select 1 union all select x+1 from n where x<4000) insert into t select x, 'text '||x*7919 from n;\"
             for n in delete truncate persist wal memory off locks killed mmap; do cp db db.$n; done",
        )
    },
    run: |bench| {
        run_steps(
            bench,
            SQLITE_COMMON,
            r#"
                read only: look db; ls
                journal deleted: change db.delete delete; look db.delete; ls
                journal truncated: change db.truncate truncate; look db.truncate; ls
                journal kept: change db.persist persist; look db.persist; ls
                write-ahead log, with shared memory: change db.wal wal; look db.wal; sqlite3 db.wal 'pragma wal_checkpoint(truncate)'; ls
                journal in memory: change db.memory memory; look db.memory; ls
                no journal: change db.off off; look db.off; ls
                mapped into memory: sqlite3 db.mmap 'pragma mmap_size=10000000; update t set b=upper(b); select count(*) from t where b like "TEXT%"'; look db.mmap
                three writers at a time: for w in 1 2 3; do (for i in $(seq 10); do sqlite3 -cmd '.timeout 60000' db.locks "insert into t(b) values('writer $w $i')"; done) & done; wait; look db.locks
                a writer that is killed: mkfifo fifo; sqlite3 db.killed <fifo >/dev/null & exec 3>fifo; echo "pragma cache_size=5; begin; update t set b='lost '||b;" >&3; sleep 2; kill -9 $!; wait $! || true; exec 3>&-; look db.killed; rm fifo; ls
                vacuum: sqlite3 db.delete 'vacuum'; look db.delete; sqlite3 db.wal "vacuum into 'copy'"; look copy; sqlite3 copy '.dump' | cksum
            "#,
        )
    },
    left_out: &[],
};

pub const TREES: Suite = Suite {
    name: "trees",
    about: "cp, rsync, tar, find, sed and rm on a tree of the lower layer, all attributes compared",
    prepare: |bench| {
        prepare_by(
            bench,
            "",
            "mkdir src; cp -a /usr/lib/python3.13/json /usr/lib/python3.13/email /usr/lib/python3.13/asyncio src/
             cd src; ln -s json/encoder.py soft; ln -s /nowhere dangling; mkfifo fifo; mkdir -m 1777 sticky; truncate -s 1m hole
             setfattr -n user.a -v 1 json/encoder.py; setfacl -m u:nobody:rw json/scanner.py; chown -R tests:tests email; chmod 4755 email/header.py
             find . -exec touch -h -d @1600000000 {} +",
        )
    },
    run: |bench| {
        run_steps(
            bench,
            "show() { (cd $1; find . -printf '%p %y %#m %u %g %l\\n' | sort; find . -type f ! -size +1000k | sort | xargs cat | cksum; find . -type f | sort | xargs getfacl | cksum; getfattr -PhR -d . | sort | cksum); }",
            r#"
                look: show src | cksum; ls
                cp -a: cp -a src copy; ln copy/json/decoder.py copy/hard; cp -a copy copy2; [ copy2/hard -ef copy2/json/decoder.py ]; rm copy/hard; rm -r copy2; diff -r --no-dereference -x fifo src copy; show src >$OTHER_DIR/a; show copy >$OTHER_DIR/b; cmp $OTHER_DIR/a $OTHER_DIR/b; cksum <$OTHER_DIR/b
                cp --reflink, cp --sparse: cp --reflink=auto src/json/decoder.py r1; cp --sparse=always src/hole r2; cmp r1 src/json/decoder.py; cmp r2 src/hole; du -k r2 | cut -f 1
                rsync: ln src/sticky/../json/tool.py src/sticky/hard; rsync -aHAXS src/ synced/; [ synced/sticky/hard -ef synced/json/tool.py ]; rsync -aHAXSnci --delete src/ synced/; show synced | cksum
                rsync onto changed files of the lower layer: cp -a src changed; echo more >>changed/json/decoder.py; rm changed/email/mime/text.py; chmod 600 changed/json/tool.py; rsync -aHAXi --inplace changed/ src/; show src | cksum; rsync -aHAXi --delete synced/ src/; show src | cksum
                tar: tar --xattrs --acls --sparse -cf t.tar src; tar -df t.tar; mkdir out; tar --xattrs --acls -xpf t.tar -C out; show out/src | cksum; tar --xattrs -df t.tar -C out
                tar over what is there: tar --xattrs --acls -xpf t.tar; show src | cksum; tar --recursive-unlink --xattrs --acls -xpf t.tar; show src | cksum
                edit in place: find src -name '*.py' -exec sed -i s/import/IMPORT/ {} +; show src | cksum; find src -newermt 2021-01-01 -type f | sort | cksum
                chmod, chown, chattr: chmod -R g-r,o-rwx src; chown -Rh nobody:nogroup src/asyncio; show src | cksum
                mv: mv src/json renamed; mv renamed src/email/; mv src/email/header.py src/h; show src | cksum
                mv to another file system and back: mv src/asyncio $OTHER_DIR/moved; mv $OTHER_DIR/moved back; show back | cksum
                find -delete, rm -r: find src -name '*.py' -delete; find src | sort; rm -r src; ls; mkdir src; ls -A src; rm -r copy synced changed out back; ls
            "#,
        )
    },
    left_out: &[],
};

pub const DPKG: Suite = Suite {
    name: "dpkg",
    about: "dpkg on a root of its own: install, verify, upgrade with directories that move, remove",
    prepare: |bench| {
        prepare_by(bench, PACKAGES, "build 1; build 2")?;
        prepare_by(
            bench,
            DPKG_COMMON,
            "mkdir -p root/var/lib/dpkg/info root/var/lib/dpkg/updates root/var/lib/dpkg/triggers root/usr/bin root/usr/share/info
             touch root/var/lib/dpkg/status root/var/lib/dpkg/available; ln -s usr/bin root/bin
             dpkg -i /opt/debs/hello_*.deb moves_1.deb >/dev/null",
        )
    },
    run: |bench| {
        run_steps(
            bench,
            DPKG_COMMON,
            r#"
                verify what lies below: dpkg -V hello; dpkg -L hello | sort; root/usr/bin/hello
                install over it: dpkg -i /opt/debs/hello_*.deb >/dev/null; dpkg -V hello; dpkg --audit; root/usr/bin/hello
                remove: dpkg -r hello >/dev/null; dpkg -L hello 2>&1 || true; find root -type f | sort
                install anew: dpkg -i /opt/debs/hello_*.deb >/dev/null; dpkg -V hello; find root -printf '%p %y %#m %l\n' | sort
                dir_to_symlink, undone: helper preinst upgrade; find root/usr/share/moves | sort; helper postrm abort-upgrade; find root/usr/share/moves | sort; dpkg -V moves
                dir_to_symlink, and a directory that becomes a file: echo edited >root/etc/moves/conf; helper preinst upgrade; dpkg --force-confold -i moves_2.deb >/dev/null; helper postinst configure; find root/usr/share/moves root/etc -printf '%p %y %#m %l\n' | sort; dpkg -V moves || true
                and back: dpkg --force-confnew -i moves_1.deb >/dev/null; find root/usr/share/moves root/etc -printf '%p %y %#m %l\n' | sort; cat root/etc/moves/*; dpkg -P moves >/dev/null; find root/usr/share root/etc | sort
                its own directories: mv root/var/lib/dpkg root/var/lib/dpkg.old; mkdir root/var/lib/dpkg; mv root/var/lib/dpkg.old/* root/var/lib/dpkg/; rmdir root/var/lib/dpkg.old; mv root/usr root/usr.new; mv root/usr.new root/usr; dpkg -V hello; dpkg --audit
                purge: dpkg -P hello >/dev/null; dpkg --audit; find root -printf '%p %y %#m %l\n' | sort
            "#,
        )
    },
    left_out: &[],
};

/// apt's options for a root of its own, and its lists without the times of the archive.
const APT_COMMON: &str = "
    apt() {
        apt-get -qq -o Dir::Etc=$PWD/root/etc -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::parts=/dev/null \\
            -o Dir::Etc::preferencesparts=/dev/null -o Dir::State=$PWD/root/state -o Dir::State::status=$PWD/root/status \\
            -o Dir::Cache=$PWD/root/cache -o APT::Sandbox::User=root -o APT::Architecture=amd64 \"$@\" 2>&1
    }";

pub const APT: Suite = Suite {
    name: "apt",
    about: "apt with its own lists and cache: update and download after each of its directories was moved away",
    prepare: |bench| {
        prepare_by(bench, PACKAGES, "build 1; build 2")?;
        prepare_by(
            bench,
            APT_COMMON,
            "mkdir -p repo root/etc root/state/lists/partial root/cache/archives/partial; touch root/status; mv *.deb repo/; cd repo
             for deb in *.deb; do
                 dpkg-deb -f $deb; printf 'Filename: ./%s\\nSize: %s\\n' $deb $(stat -c %s $deb); echo SHA256: $(sha256sum $deb | cut -d ' ' -f 1); echo
             done >Packages
             touch -d @1600000000 Packages; cd ..
             echo \"deb [trusted=yes] file:$PWD/repo ./\" >root/etc/sources.list; apt update
             # The union is at another place than its lower layer now.
             echo 'deb [trusted=yes] file:/work/repo ./' >root/etc/sources.list
             cd root/state/lists; for list in *_Packages*; do mv $list _work_repo_._Packages${list##*_Packages} 2>/dev/null || true; done",
        )
    },
    run: |bench| {
        run_steps(
            bench,
            APT_COMMON,
            r#"
                update over what is there: apt update; ls -A root/state/lists; apt --print-uris -y install moves | cut -d ' ' -f 1,2
                the lists are moved away, as for damaged ones: mv root/state/lists root/state/lists.old; apt update; diff -r root/state/lists root/state/lists.old; rm -r root/state/lists.old; find root -printf '%p %y %#m\n' | sort
                partial is moved away: mv root/state/lists/partial partial.old; apt update; ls -A root/state/lists partial.old; rmdir partial.old
                a list that is not fetched completely: mv root/state/lists lists.half; mkdir -p root/state/lists/partial; cp lists.half/*_Packages* root/state/lists/partial/; apt update; ls -AR root/state/lists; rm -r lists.half
                the cache is moved away and back: mv root/cache cache.old; mkdir -p root/cache/archives/partial; apt --print-uris -y install moves | cut -d ' ' -f 1,2; rm -r root/cache; mv cache.old root/cache; apt clean; find root/cache | sort
                the whole root is moved: mv root elsewhere; mkdir new; mv elsewhere new/root; mv new/root .; rmdir new; apt update; find root -printf '%p %y %#m\n' | sort
            "#,
        )
    },
    left_out: &[],
};

/// `build VERSION` makes a package whose second version has a link and a file where the first has directories.
const PACKAGES: &str = "
    build() {
        top=moves_$1; mkdir -p $top/DEBIAN $top/etc/moves $top/usr/share/moves
        printf 'Package: moves\\nVersion: %s\\nArchitecture: all\\nMaintainer: a <a@b>\\nDescription: moves\\n' $1 >$top/DEBIAN/control
        echo /etc/moves/conf >$top/DEBIAN/conffiles; echo $1 >$top/etc/moves/conf
        cd $top/usr/share/moves
        if [ $1 = 1 ]; then
            mkdir -p thing/deep link removed; for file in thing/f thing/deep/g link/h removed/i; do echo 1 $file >$file; done
        else
            mkdir real; echo 2 >real/h; echo 2 >thing; ln -s real link
        fi
        cd ../../../..; find $top -exec touch -h -d @1600000000 {} +
        SOURCE_DATE_EPOCH=1600000000 dpkg-deb --root-owner-group -b $top $top.deb >/dev/null; rm -r $top
    }";

const DPKG_COMMON: &str = "
    helper() {
        DPKG_ROOT=$PWD/root DPKG_ADMINDIR=$PWD/root/var/lib/dpkg DPKG_MAINTSCRIPT_PACKAGE=moves DPKG_MAINTSCRIPT_ARCH=all \\
            DPKG_MAINTSCRIPT_NAME=$1 dpkg-maintscript-helper dir_to_symlink /usr/share/moves/link real 2~ moves -- $2 1
    }
    dpkg() { command dpkg --root=$PWD/root --force-depends --force-not-root --no-triggers --log=/dev/null \"$@\"; }";
