//! A row of the table, and the macro that makes the table's types. The types are made in
//! `table.rs`, where the rows are.

/// A limit as people read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The heading that it belongs under.
    pub group: &'static str,
    /// Its name in [`Limits`](super::Limits) and among the hits.
    pub name: &'static str,
    /// Its value and unit: `8 KiB`.
    pub value: String,
    /// The reason: sentences that say why it is there.
    pub why: &'static str,
    /// The consequence: sentences that say what happens at the limit.
    pub at: &'static str,
    /// Whether a client goes without its answer, or gets less than it was promised.
    pub costs_answers: bool,
}

/// Makes the struct, its values and its rows from one table:
/// `"heading" { /// why → what happens   name: type = value, unit; … }`. A row whose limit costs
/// answers ends with `, costs_answers`.
macro_rules! limits {
    ($($group:literal {
        $(
            $(#[doc = $text:literal])*
            $name:ident: $type:ty = $value:expr, $unit:ident $(, $mark:ident)?;
        )*
    })*) => {
        /// The numbers that bound the product. Sizes are in bytes, times in nanoseconds. Tests
        /// and the simulator choose other values.
        #[derive(Clone, Debug)]
        pub struct Limits {
            $($($(#[doc = $text])* pub $name: $type,)*)*
        }

        impl Limits {
            /// The values with which the program runs.
            pub const PRODUCT: Limits = Limits { $($($name: $value,)*)* };

            /// All limits, in the order of the table.
            pub fn rows(&self) -> Vec<Row> {
                let row = |group, name, value, text: &'static str, marks: &[&str]| {
                    let (why, at) = text.split_once('→').unwrap_or_default();
                    let costs_answers = marks == ["costs_answers"];
                    Row { group, name, value, why: why.trim(), at: at.trim(), costs_answers }
                };
                vec![$($(row(
                    $group,
                    stringify!($name),
                    format::$unit(self.$name as u64),
                    concat!($($text),*),
                    &[$(stringify!($mark))?],
                ),)*)*]
            }

            /// The names of the limits that cost answers.
            pub fn costly(&self) -> Vec<&'static str> {
                let rows = self.rows().into_iter().filter(|row| row.costs_answers);
                rows.map(|row| row.name).collect()
            }
        }

        impl Default for Limits {
            fn default() -> Limits {
                Limits::PRODUCT
            }
        }

        /// Names a limit. Each variant is spelled like its field in [`Limits`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(non_camel_case_types, reason = "each variant is spelled like its field")]
        pub enum Limit {
            $($(
                #[doc = concat!("See [`Limits::", stringify!($name), "`].")]
                $name,
            )*)*
        }

        impl Limit {
            /// The names of all limits, in the order of the table.
            pub const NAMES: [&str; [$($(stringify!($name)),*),*].len()] =
                [$($(stringify!($name)),*),*];
        }
    };
}
pub(super) use limits;
