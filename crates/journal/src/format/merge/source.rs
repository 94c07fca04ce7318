//! One input of a merge.

use crate::format::{Block, Rows};
use crate::model::ids::SaveId;

/// One input and how far it was read.
#[derive(Debug)]
pub struct Source<S> {
    blocks: S,
    /// The block that it is at; `None` after the last one.
    pub block: Option<Block>,
    /// The row of that block.
    pub row: usize,
}

impl<S, E> Source<S>
where
    S: Iterator<Item = Result<Block, E>>,
{
    /// A source of which nothing was read yet.
    pub fn new(blocks: S) -> Self {
        Self { blocks, block: None, row: 0 }
    }

    /// Goes on to the next block that has a row.
    pub fn advance_block(&mut self) -> Result<(), E> {
        self.row = 0;
        self.block = None;
        for block in self.blocks.by_ref() {
            let block = block?;
            if !block.is_empty() {
                self.block = Some(block);
                break;
            }
        }
        Ok(())
    }

    /// Moves to the next row of this column, and returns its id.
    pub fn next_row(&mut self, type_path: &str) -> Result<Option<SaveId>, E> {
        self.row += 1;
        let next = self.block.as_ref().and_then(|block| block.ids().get(self.row));
        if next.is_some() {
            return Ok(next.copied());
        }
        self.next_block(type_path)
    }

    /// Moves to the next block of this column, and returns the id of its first row.
    pub fn next_block(&mut self, type_path: &str) -> Result<Option<SaveId>, E> {
        self.advance_block()?;
        Ok(self.first_value_of(type_path))
    }
}

impl<S> Source<S> {
    /// The ids of the current block, if it is one of removals of this type.
    pub fn removals_of(&self, type_path: &str) -> Option<&[SaveId]> {
        match self.block.as_ref().filter(|block| &*block.type_path == type_path)?.rows {
            Rows::Removed(ref ids) => Some(ids),
            Rows::Values(_) => None,
        }
    }

    /// The id of the first row of the current block, if that is one of values of this type.
    pub fn first_value_of(&self, type_path: &str) -> Option<SaveId> {
        let block = self.block.as_ref().filter(|block| &*block.type_path == type_path)?;
        match block.rows {
            Rows::Removed(_) => None,
            Rows::Values(ref values) => values.ids().first().copied(),
        }
    }
}
