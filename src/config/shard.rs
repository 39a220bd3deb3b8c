//! Which phones of the list this process polls, where several share it.

use crate::fleet::place::spread;

/// One part of the list; the parts of one `count` are disjoint and together all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// From 0, below `count`.
    pub index: u32,
    /// How many parts there are; at least 1.
    pub count: u32,
}

impl Default for Shard {
    /// The whole list.
    fn default() -> Self {
        Self { index: 0, count: 1 }
    }
}

impl Shard {
    /// Whether a phone of this name is in this part. The same in every version and on every machine.
    pub fn holds(self, name: &str) -> bool {
        spread(name) % u64::from(self.count.max(1)) == u64::from(self.index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phone_is_in_exactly_one_part_and_parts_are_of_like_size() {
        let count = 4;
        let mut sizes = [0; 4];
        for phone in 0..1000 {
            let name = format!("phone-{phone}");
            let holding: Vec<usize> = (0..count)
                .filter(|index| {
                    Shard {
                        index: *index,
                        count,
                    }
                    .holds(&name)
                })
                .map(|index| index as usize)
                .collect();
            assert_eq!(holding.len(), 1, "{name} is in {holding:?}");
            sizes[holding[0]] += 1;
        }
        assert!(
            sizes.iter().all(|size| (200..300).contains(size)),
            "{sizes:?}"
        );
    }
}
