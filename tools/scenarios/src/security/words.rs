// SPDX-License-Identifier: GPL-2.0-only
//! Random mount options: of existing layers, and of others.

use std::path::Path;

use crate::bench::Layout;
use crate::random::Dice;

/// One option: its key, and its value if it has one.
pub type Pair = (String, Option<String>);

const KEYS: &[&str] = &[
    "lowerdir",
    "lowerdir+",
    "datadir+",
    "upperdir",
    "workdir",
    "redirect_dir",
    "index",
    "nfs_export",
    "metacopy",
    "verity",
    "xino",
    "uuid",
    "fsync",
    "volatile",
    "fallthru",
    "hard_ro",
    "share",
    "whiteout",
    "statfs",
    "userxattr",
    "default_permissions",
    "override_creds",
    "nooverride_creds",
    "source",
    "ro",
    "rw",
    "sync",
    "context",
    "nonesuch",
    "",
];

const VALUES: &[&str] = &[
    "",
    "on",
    "off",
    "auto",
    "null",
    "strict",
    "volatile",
    "follow",
    "nofollow",
    "aufs",
    "overlay",
    "require",
    "1",
    "0",
    "=",
    "/",
    ".",
    "..",
    "//",
    "/proc/self/fd/0",
    "/dev/null",
];

const SCRAPS: &[&str] = &[
    ":", "::", ",", "\\", "\\\\", "\\:", "\\,", "=", "+", "/", ".", "..", "%s%n", "\n", "\t", " ",
    "\u{1}", "\u{fffd}",
];

/// Makes options.
pub struct Words<'a> {
    /// The random choices.
    pub dice: Dice,
    /// The existing layers.
    pub layers: &'a Layout,
}

impl<'a> Words<'a> {
    /// With choices made from `seed`.
    pub fn new(seed: u64, layers: &'a Layout) -> Self {
        Self {
            dice: Dice::new(seed),
            layers,
        }
    }

    fn pick<'p>(&mut self, from: &[&'p str]) -> &'p str {
        from[self.dice.roll(from.len())]
    }

    /// A path, valid or not.
    fn path(&mut self) -> String {
        let l = self.layers;
        let paths = [&l.upper, &l.work, &l.lowers[0], &l.lowers[1], &l.lowers[2]];
        let path = paths[self.dice.roll(paths.len())]
            .to_string_lossy()
            .into_owned();
        match self.dice.roll(8) {
            0 => path + "/none",
            1 => path + "/dir",
            2 => path + "/file",
            3 => path.replace('/', "\\/"),
            4 => path.replacen('/', "//", 1) + "/.",
            _ => path,
        }
    }

    /// A value for any key.
    pub fn value(&mut self) -> String {
        match self.dice.roll(8) {
            0 => self.pick(VALUES).to_owned(),
            1 => {
                let scraps = 1 + self.dice.roll(12);
                (0..scraps).map(|_| self.pick(SCRAPS)).collect()
            }
            2 => self.noise(),
            3 | 4 => {
                let count = 1 + self.dice.roll(4);
                let paths: Vec<_> = (0..count).map(|_| self.path()).collect();
                paths.join(self.pick(&[":", ":", ":", "::", ",", "\\:"]))
            }
            _ => self.path(),
        }
    }

    /// Letters of any kind, of a length that is easily miscounted.
    fn noise(&mut self) -> String {
        const LENGTHS: [usize; 10] = [0, 1, 127, 128, 254, 255, 256, 257, 4094, 4095];
        let length = match self.dice.roll(3) {
            0 => LENGTHS[self.dice.roll(LENGTHS.len())],
            _ => self.dice.roll(256),
        };
        (0..length)
            .map(|_| (1 + self.dice.roll(126)) as u8 as char)
            .collect()
    }

    /// A key, usually a valid one.
    pub fn key(&mut self) -> String {
        let mut key = self.pick(KEYS).to_owned();
        match self.dice.roll(20) {
            0 => key.truncate(key.len() / 2),
            1 => key += "+",
            2 => key = self.noise().replace([',', '='], "x"),
            _ => {}
        }
        key
    }

    /// A subset of the options of a union, in any order, some twice.
    pub fn layers(&mut self) -> Vec<Pair> {
        let l = self.layers;
        let text = |path: &Path| Some(path.to_string_lossy().into_owned());
        let all = [
            ("lowerdir", text(&l.lowers[0])),
            ("lowerdir+", text(&l.lowers[0])),
            ("lowerdir+", text(&l.lowers[1])),
            ("datadir+", text(&l.lowers[2])),
            ("upperdir", text(&l.upper)),
            ("workdir", text(&l.work)),
            ("userxattr", None),
            ("volatile", None),
            ("metacopy", Some("off".into())),
            ("verity", Some("require".into())),
        ];
        let count = 1 + self.dice.roll(6);
        (0..count)
            .map(|_| all[self.dice.roll(all.len())].clone())
            .map(|(key, value)| (key.to_owned(), value))
            .collect()
    }

    /// The argument of mount(2).
    pub fn string(&mut self) -> String {
        let pairs: Vec<_> = match self.dice.roll(3) {
            0 => self.layers(),
            _ => (0..self.dice.roll(7))
                .map(|_| {
                    let value = (self.dice.roll(4) > 0).then(|| self.value());
                    (self.key(), value)
                })
                .collect(),
        };
        let mut text = joined(pairs);
        // The page is full, and one byte more or less.
        if self.dice.roll(10) == 0 {
            let length = 4090 + self.dice.roll(10);
            while text.len() < length {
                text.push(['x', ':', '\\', ','][self.dice.roll(4)]);
            }
        }
        text.retain(|letter| letter != '\0');
        text
    }
}

/// Options as mount(2) takes them.
pub fn joined(pairs: impl IntoIterator<Item = Pair>) -> String {
    let options = pairs.into_iter().map(|(key, value)| match value {
        Some(value) => format!("{key}={value}"),
        None => key,
    });
    options.collect::<Vec<_>>().join(",")
}
