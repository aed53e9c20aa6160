//! Tables of lines with what each means, in `*.txt`; the company they are typed in; properties of all lines.

mod company;
mod notation;
mod properties;
mod tables;
