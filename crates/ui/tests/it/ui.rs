//! The ready-made UI, in apps with layout and focus, and without a renderer.

mod backups;
mod guide;
mod kit;
mod layout;
mod objective_list;
mod recovery_dialog;
mod replay_bar;
mod save_indicator;
mod session_menu;
mod session_menu_groups;
mod session_menu_new;
mod session_menu_played;
mod session_menu_search;
mod session_menu_shelf;
mod session_panel;
mod thumbnails;
mod timeline;
