//! Limits of the process that the daemon sets for itself.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// More descriptors than this are of no use to anybody, and some systems allow a thousand times more.
const MOST: u64 = 1 << 20;

/// Raises the limit of open files to what the system allows at most; hands over the limit.
pub fn raise_open_files() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let allowed = limit.maximum.unwrap_or(MOST).min(MOST);
    let current = limit.current.unwrap_or(MOST);
    if current >= allowed {
        return usize::try_from(current.min(MOST)).unwrap_or(usize::MAX);
    }
    let raised = Rlimit {
        current: Some(allowed),
        maximum: limit.maximum,
    };
    let held = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => allowed,
        Err(error) => {
            tracing::warn!(%error, "Failed to raise the limit of open files from {current}");
            current
        }
    };
    usize::try_from(held).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_what_the_system_allows() {
        let raised = raise_open_files();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(
            limit.current.map(|limit| limit.min(MOST)),
            Some(raised as u64)
        );
        assert!(limit.current >= limit.maximum.map(|most| most.min(MOST)));
        assert_eq!(raise_open_files(), raised);
    }
}
